"""What a run says: a table for the terminal, and the same in docs/operations.md."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.chaos.faults import Fault
from tools.chaos.ledger import Ledger
from tools.chaos.programs import ROOT

DOCUMENT = ROOT / "docs/operations.md"
BEGIN, END = "<!-- chaos -->", "<!-- end of chaos -->"
_HEAD = (
    *("What happened", "Requests", "Errors", "Outage", "Wait", "Late"),
    *("Writes lost", "Sessions lost", "Bound"),
)


@dataclass(frozen=True)
class Result:
    """What people saw of a fault.

    Attributes:
        mended: When it was over, by the steady clock.
        seen: How many requests there were before the final look.
    """

    fault: Fault
    ledger: Ledger
    mended: float
    seen: int

    def row(self) -> tuple[str, ...]:
        """Return the cells of the table."""
        ledger = self.ledger
        kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(ledger.errors().items()))
        return (
            self.fault.name,
            str(self.seen),
            kinds or "0",
            f"{ledger.outage():.1f} s",
            f"{ledger.longest_wait():.1f} s",
            f"{ledger.settled(self.mended):.1f} s",
            str(len(ledger.lost)),
            str(len(ledger.signed_out)),
            self.fault.bound(),
        )

    def told(self) -> str:
        """Return one line for who waits at the terminal."""
        pairs = zip(_HEAD[1:-1], self.row()[1:-1], strict=True)
        return f"{self.fault.name}: " + "; ".join(f"{a} {b}" for a, b in pairs)

    def broken(self) -> Iterator[str]:
        """Yield every bound that did not hold, in words."""
        fault, ledger = self.fault, self.ledger
        for what in [*ledger.lost, *ledger.signed_out]:
            yield f"{fault.name}: {what}"
        for kind, number in ledger.errors().items():
            if kind not in fault.kinds:
                yield f"{fault.name}: {number} times {kind}"
        if fault.errors is not None and ledger.errors().total() > fault.errors:
            yield f"{fault.name}: {ledger.errors().total()} errors"
        if (outage := ledger.outage()) > fault.outage:
            yield f"{fault.name}: nobody was served for {outage:.1f} s"
        if (settled := ledger.settled(self.mended)) > fault.settled:
            yield f"{fault.name}: an error {settled:.1f} s after it was mended"


def table(results: Sequence[Result]) -> str:
    """Return the rows as a Markdown table."""
    rows = [_HEAD, ("---",) * len(_HEAD), *(each.row() for each in results)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write(results: Sequence[Result], where: str) -> None:
    """Put the table between its marks in docs/operations.md, and where it was made."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(
        f"{before}{BEGIN}\n\n{table(results)}\n\n{where}\n\n{END}{after}"
    )
