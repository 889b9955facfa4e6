"""What docs/operations.md names for nights is there, by that name."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import APP, ROOT

DOCS = ROOT / "docs"
_COMMAND = re.compile(r"`?auth-serve ((?:[a-z][a-z-]* ?)+)")
_EVENT = re.compile(r"\b((?:session|oauth|sign_in)\.[a-z_]+)\b")
_METRIC = re.compile(r"\bauth_serve_[a-z_]+\b")
_SECTION = "## Something is wrong at night\n"


@pytest.fixture(scope="module")
def section() -> str:
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    return text.partition(_SECTION)[2].partition("\n## ")[0]


def named_in(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def test_its_commands_are_commands(section: str) -> None:
    headings = re.findall(r"^## (.+)$", named_in("commands.md"), re.M)
    named = {words.strip() for words in _COMMAND.findall(section)}

    unknown = {
        words
        for words in named
        if not any(f"{each} ".startswith(f"{words} ") for each in headings)
    }
    assert len(named) > 8
    assert unknown == set()


def test_its_events_and_metrics_are_told_of(section: str) -> None:
    events, metrics = set(_EVENT.findall(section)), set(_METRIC.findall(section))

    assert events and metrics
    assert {each for each in events if f"## {each}\n" not in named_in("events.md")} == (
        set()
    )
    assert {each for each in metrics if f"`{each}`" not in named_in("metrics.md")} == (
        set()
    )


@pytest.mark.parametrize(
    ("said", "module"),
    [
        ("no answer from the database", "core/exceptions.py"),
        ("delayed: ", "jobs/relay.py"),
        ("given up: ", "jobs/relay.py"),
        ("takes no writes", "services/server/diagnosis.py"),
        ("its disk is full", "services/server/startup.py"),
        ("s and was killed", "cli/workers/supervisor.py"),
        ("schema_mismatch", "services/server/health.py"),
        ("signing_keys", "services/server/health.py"),
        ("disk_full", "repositories/statements/write_probe.py"),
        ("read_only", "repositories/statements/write_probe.py"),
    ],
)
def test_its_words_are_those_of_the_service(
    section: str, said: str, module: str
) -> None:
    assert said in section
    assert said in Path(APP / module).read_text(encoding="utf-8")
