"""Where engines take turns, each test is run on one of them, and never on none."""

import pytest

from tests.support.engines import left_out

CASES = [
    f"tests/pages/test_x.py::test_y[{engine}-case{number}]"
    for number in range(40)
    for engine in ("sqlite", "postgresql")
]


@pytest.mark.parametrize("choice", ["turns", "others"])
def test_of_each_pair_one_is_left_and_both_engines_have_some(choice: str) -> None:
    gone = left_out(CASES, choice)
    left = [case.partition("-")[2] for case in CASES if case not in gone]

    assert sorted(left) == sorted({case.partition("-")[2] for case in CASES})
    assert len({case.partition("[")[2].partition("-")[0] for case in gone}) == 2


def test_both_runs_together_leave_nothing_out() -> None:
    gone = left_out(CASES, "turns")

    assert gone.isdisjoint(left_out(CASES, "others"))
    assert gone | left_out(CASES, "others") == set(CASES)
    assert left_out(CASES, "both") == set()


@pytest.mark.parametrize(
    "nodeids",
    [
        [
            "tests/database/test_x.py::test_y[sqlite]",
            "tests/database/test_x.py::test_y[postgresql]",
        ],
        ["tests/pages/test_x.py::test_y[postgresql]"],
        ["tests/pages/test_x.py::test_y", "tests/pages/test_x.py::test_z[sqlite]"],
    ],
)
def test_what_is_about_a_database_or_has_one_alone_stays(nodeids: list[str]) -> None:
    assert left_out(nodeids, "turns") == left_out(nodeids, "others") == set()
