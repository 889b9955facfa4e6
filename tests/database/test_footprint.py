"""What a row takes on disk is what docs/footprint.md says, or it says why."""

import shutil
from pathlib import Path

import pytest

from app.models import Base
from benchmarks import footprint
from benchmarks.footprint import (
    DOCUMENT,
    POSTGRESQL,
    SQLITE,
    bytes_of,
    grown,
    read,
    written,
)
from benchmarks.stored import GROWING, lived, stored

# Which grow with what operators define, or are bounded by themselves; and pictures,
# whose owners decide.
FEW = {
    *("attributes", "checklist_marks", "connections", "group_members", "group_roles"),
    "groups",
    *("hourly_statistics", "idempotency_keys", "kept_keys", "oauth_client_secrets"),
    *("oauth_clients", "oauth_resources", "protected_hosts", "roles"),
    *("connection_syncs", "realm_domains"),
    *(
        "sealing_keys",
        "sealing_processes",
        "served_addresses",
        "signing_keys",
        "token_epochs",
    ),
    *("trusted_issuers", "upstream_logouts", "user_attributes", "user_pictures"),
    "webhooks",
}
KEY, OTHER = ("`sessions`: a session", "bytes, SQLite"), ("refresh", "µs")


async def test_no_row_has_grown_without_a_reason(
    database_url: str, sqlite_template: Path, tmp_path: Path
) -> None:
    """A column more in one of these tables fails here, with what is to be done."""
    shutil.copy(sqlite_template, tmp_path / "life.db")
    life = await lived(f"sqlite:///{tmp_path / 'life.db'}")

    sizes = await stored(database_url, life)

    kind = SQLITE if database_url.startswith("sqlite") else POSTGRESQL
    assert grown(bytes_of(sizes, kind), DOCUMENT.read_text()) == []


def test_the_document_says_why_and_leaves_no_table_out() -> None:
    figures = read(DOCUMENT.read_text())

    assert [each.name for each in figures if each.now > each.most] == []
    told = {each.name.split("`")[1] for each in figures if each.name[0] == "`"}
    assert told == set(GROWING)
    unsorted = set(Base.metadata.tables) ^ (set(GROWING) | FEW)
    assert not unsorted, "into FEW above, or benchmarks.stored.GROWING and Life"


def test_what_grew_is_told_until_somebody_says_why() -> None:
    first = written({KEY: 400.0}, "")

    assert grown({KEY: 419.0}, first) == []
    [complaint] = grown({KEY: 421.0}, first)
    assert "+5%" in complaint and "say why" in complaint
    again = written({KEY: 421.0}, first)
    assert grown({KEY: 421.0}, again)  # by writing alone nothing is allowed
    told = again.replace("400 |  |", "400 | a new column |")
    assert told != again
    assert grown({KEY: 421.0}, told) == []
    assert grown({KEY: 450.0}, told)  # the reason was for less
    assert grown({OTHER: 1.0}, told)  # nothing is measured that has no row


def test_a_release_begins_with_what_the_one_before_measured_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = written({KEY: 400.0}, "")
    text = written({KEY: 500.0}, text).replace("400 |  |", "400 | a new column |")
    assert [(_.now, _.before, _.why) for _ in read(text)] == [
        (500, 400, "a new column")
    ]

    monkeypatch.setattr(footprint, "__version__", "9.9.9")
    text = written({KEY: 510.0}, text)

    assert "release 9.9.9 began" in text
    assert [(_.now, _.before, _.why) for _ in read(text)] == [(510, 500, "")]
