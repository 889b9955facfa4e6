"""``make chaos`` is there, judges as it says, and its last report is of all faults."""

import re

import pytest

from tests.architecture.source import ROOT
from tools.chaos.faults import FAULTS, Fault
from tools.chaos.ledger import OK, Entry, Ledger
from tools.chaos.report import BEGIN, DOCUMENT, END, Result
from tools.chaos.stage import Stage


async def _nothing(_: Stage) -> None:
    """Do nothing."""


def seen(*errors: str, pause: float = 1.0) -> Ledger:
    """Return what one person saw, from second 100 on, an answer after each pause."""
    ledger = Ledger(100.0)
    for number, error in enumerate(errors):
        begun = 100.0 + number * pause
        ledger.entries.append(Entry(0, "GET /", begun, begun + pause, error))
    return ledger


def judged(ledger: Ledger, *kinds: str) -> list[str]:
    fault = Fault("a fault", _nothing, kinds, outage=3.0, settled=1.0)
    return list(Result(fault, ledger, mended=102.0, seen=1).broken())


@pytest.mark.parametrize(
    ("ledger", "said"),
    [
        (seen(OK, "503", "503", OK), []),
        (seen(OK, "500", OK), ["a fault: 1 times 500"]),
        (seen(OK, *["503"] * 3, OK), ["nobody was served for 4.0 s", "an error 2.0 s"]),
        (seen(OK, OK, OK, OK, "503"), ["an error 3.0 s after it was mended"]),
    ],
    ids=["within", "another kind", "too long", "too late"],
)
def test_a_bound_that_does_not_hold_is_told(ledger: Ledger, said: list[str]) -> None:
    found = judged(ledger, "503")

    assert len(found) == len(said)
    assert all(part in each for part, each in zip(said, found, strict=True))


def test_a_lost_write_and_a_lost_session_are_never_within_bounds() -> None:
    ledger = seen(OK)
    ledger.lost.append("a session lives that was ended")
    ledger.signed_out.append("POST /refresh")

    assert len(judged(ledger, "503")) == 2


def test_the_report_has_every_fault_and_nothing_was_lost() -> None:
    block = DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in block.splitlines()
        if line.startswith("|")
    ]
    head, _, *told = rows

    assert [row[0] for row in told] == [fault.name for fault in FAULTS]
    for column in ("Writes lost", "Sessions lost"):
        assert {row[head.index(column)] for row in told} == {"0"}


def test_make_has_it() -> None:
    makefile = (ROOT / "Makefile").read_text()

    assert re.search(r"^chaos: .*\n\t.* -m tools\.chaos ", makefile, re.M)
