"""How builds are compared; the clock has no part in it."""

import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from benchmarks import builds, measures
from benchmarks.builds import (
    Build,
    NotKnown,
    checked_out,
    this_build,
    with_settings,
)
from benchmarks.load import Load
from benchmarks.measures import (
    CODES,
    MEASURES,
    MEMORY,
    RAW,
    SIGN_IN,
    Measure,
    Measured,
    Sample,
    choose,
    codes_for,
    measure,
)
from benchmarks.report import Ratio, over_budget, table
from benchmarks.subject import Subject
from tests.servers.service import ROOT


def measured(build: str, **values: list[float]) -> Measured:
    """Return turns by the first letters of a measure's name."""
    names = {each.name.split()[0].lower(): each.name for each in reversed(MEASURES)}
    return Measured(
        build,
        {
            names[key]: [
                Sample(value, value * 2, Load(1.0, 0.5, [0.001] * 10))
                for value in turns
            ]
            for key, turns in values.items()
        },
    )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of one commit, and a change that is not committed."""
    root = tmp_path / "repository"
    root.mkdir()
    (root / "requirements.txt").write_text("one==1\n")
    (root / "code.py").write_text("committed")
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com")
    for line in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "One"]):
        subprocess.run([*git, *line], cwd=root, check=True)
    (root / "code.py").write_text("changed")
    monkeypatch.setattr(builds, "ROOT", root)
    return root


def test_ratios_are_those_of_neighbours() -> None:
    # The machine halves its speed between the rounds: no pair notices.
    ratio = Ratio.of_pairs([120, 60, 30], [100, 50, 20])

    assert (ratio.median, ratio.low, ratio.high) == (1.2, 1.2, 1.5)


def test_builds_stand_side_by_side_with_the_spread_of_their_ratios() -> None:
    ours = measured("new", userinfo=[3400, 1500, 2000], memory=[87, 88, 86])
    theirs = measured("old", userinfo=[2000, 1000, 1000], memory=[109, 110, 107.5])

    head, rule, memory, userinfo = table(ours, theirs).splitlines()

    cells = [[cell.strip() for cell in _.split("|")] for _ in (head, memory, userinfo)]
    assert cells[0][1:4] == ["measure", "old", "new"]
    assert cells[1][1:6] == [MEMORY, "109.0 MB", "87.0 MB", "0.80", "0.80 to 0.80"]
    assert cells[2][1:6] == ["userinfo", "1,000/s", "2,000/s", "1.70", "1.50 to 2.00"]
    assert cells[2][6] == "1.70"  # by CPU time
    assert cells[2][7] == "3,000/s 0.67 missed" and "20 per CPU second" in cells[2][8]
    assert len({len(line) for line in (head, rule, memory, userinfo)}) == 1


def test_a_build_alone_stands_beside_what_is_wanted() -> None:
    ours = measured("new", raw=[100, 90, 95], jwks=[12_000])
    ours.samples[SIGN_IN] = [Sample(94.0, 188.0), Sample(92.0, 180.0)]

    lines = table(ours).splitlines()[2:]

    raw, sign_in, jwks = [[each.strip() for each in _.split("|")] for _ in lines]
    assert raw[1:4] == [RAW, "95/s", ""]
    assert sign_in[3:5] == ["95% of raw", "1.02 met"]
    assert jwks[2:5] == ["12,000/s", "10,000/s", "1.20 met"]


@pytest.mark.parametrize(
    ("turns", "said"),
    [([109.0, 112.0, 108.0], None), ([111.0, 109.0, 112.0], "111.0 MB"), ([], None)],
)
def test_a_service_that_grew_over_its_budget_is_told(
    turns: list[float], said: str | None
) -> None:
    ours = measured("new", memory=turns) if turns else measured("new", jwks=[1])

    told = over_budget(ours)

    assert told is None if said is None else said in str(told)


async def test_builds_take_turns_at_being_first() -> None:
    taken: list[str] = []

    def take(name: str) -> Callable[[Subject], Awaitable[Sample]]:
        async def one(subject: Subject) -> Sample:
            taken.append(f"{subject.build.name}{name}")
            return Sample(len(taken))

        return one

    subjects = [
        cast(Subject, type("_", (), {"build": Build(name, ROOT)}))
        for name in ("new", "old")
    ]
    chosen = [Measure(name, "/s", take(name)) for name in "12"]

    new, old = await measure(subjects, chosen, rounds=2)

    assert taken[:4] == ["new1", "old1", "new2", "old2"]
    assert taken[4:] == ["old1", "new1", "old2", "new2"]
    assert [_.value for _ in new.samples["1"]] == [1, 6]
    assert [_.value for _ in old.samples["1"]] == [2, 5]


async def test_what_an_older_build_does_not_know_is_left_out() -> None:
    async def take(subject: Subject) -> Sample:
        if subject.build.name == "old":
            raise NotKnown
        return Sample(7.0)

    subjects = [
        cast(Subject, type("_", (), {"build": Build(name, ROOT)}))
        for name in ("new", "old")
    ]
    chosen = [replace(each, take=take) for each in choose("device polling")]

    new, old = await measure(subjects, chosen, rounds=2)

    cells = [each.strip() for each in table(new, old).splitlines()[2].split("|")]
    assert cells[1:5] == ["device polling", "", "7/s", ""]


def test_a_build_says_what_it_does_not_know(tmp_path: Path) -> None:
    older = Build("old", tmp_path)  # it has no resources, nor anything else

    with pytest.raises(NotKnown, match="old: resources"):
        older.ask("resources")
    assert this_build().ask("resources")["one"].startswith("https://")


def test_gains_shall_be_high_and_sizes_low() -> None:
    gain, weight = choose("of two workers")

    assert gain.is_met(2.0) and not gain.is_met(1.5)
    assert weight.is_met(1.5) and not weight.is_met(1.7)


def test_measures_are_chosen_by_parts_of_their_names() -> None:
    assert choose(None) == list(MEASURES)
    assert [_.name for _ in choose("userinfo, Introspection")] == [
        "introspection",
        "userinfo",
    ]
    with pytest.raises(SystemExit, match="'nonsense'; there are"):
        choose("userinfo,nonsense")


def test_applications_and_codes_are_made_for_those_who_need_them() -> None:
    assert codes_for(choose("memory,jwks"), 5) == 0
    assert codes_for(choose("userinfo"), 5) == 500
    assert codes_for(choose(CODES.partition(",")[0]), 5) > 5 * measures.SECONDS * 2_000


def test_a_revision_is_unpacked_as_it_was_committed(
    repository: Path, tmp_path: Path
) -> None:
    there = checked_out("HEAD", tmp_path / "against")

    assert (there.root / "code.py").read_text() == "committed"
    assert there.python == this_build().python
    assert this_build().name == f"{there.name}+"
    assert not (repository / ".git" / "worktrees").exists()


def test_other_packages_get_an_environment_of_their_own(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "requirements.txt").write_text("one==2\n")
    monkeypatch.setattr(builds, "_environment", lambda at: f"{at}/python")

    there = checked_out("HEAD", tmp_path / "against")

    assert there.python == f"{tmp_path}/against/python"


@pytest.mark.parametrize("revision", ["nowhere", "--all", ""])
@pytest.mark.usefixtures("repository")
def test_a_revision_that_is_none_is_told(revision: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="git rev-parse"):
        checked_out(revision, tmp_path / "against")


def test_a_build_says_itself_what_it_is_started_with() -> None:
    told = this_build().ask("settings")

    assert told["production"]["AUTH_SERVE_ENVIRONMENT"] == "production"
    assert told["preparing"]["AUTH_SERVE_JOBS"] == "false"
    assert told["production"]["AUTH_SERVE_LIMITS__SIGN_IN_ACCOUNT"]


def test_a_build_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="KeyError: 'nothing'"):
        this_build().ask("nothing")


def test_a_build_computes_its_own_hashes() -> None:
    told = this_build().ask("hashing", "argon2-cffi", "", 0.0001)

    assert told["engine"] == "argon2-cffi" and told["count"] >= 1


def test_a_setting_is_measured_beside_the_same_build_without() -> None:
    plain = this_build()

    changed = with_settings(plain, ["AUTH_SERVE_LOG_LEVEL=WARNING", "A=b=c"])

    assert changed.root == plain.root
    assert changed.name != plain.name
    assert dict(changed.settings) == {"AUTH_SERVE_LOG_LEVEL": "WARNING", "A": "b=c"}
    with pytest.raises(SystemExit):
        with_settings(plain, ["AUTH_SERVE_LOG_LEVEL"])
