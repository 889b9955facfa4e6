"""From which release an upgrade goes to which: ``schema plan`` names them."""

import asyncio
import re

import pytest
from sqlalchemy import Connection, text

from app import __version__
from app.repositories.schema import SCHEMA_REVISION
from app.services.server.upgrade.release import RELEASED, Release, release_of
from tests.architecture.source import ROOT
from tests.conftest import SECRET, migrate
from tests.database.test_migrations import _look
from tests.database.test_schema_plan import REVISIONS, _json, _run

BEFORE, LONG_BEFORE = REVISIONS[-2], "0016"


@pytest.fixture
def url(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database, of the operator's shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    return empty_database_url


@pytest.mark.parametrize(
    ("revision", "named"),
    [
        ("0001", "before 1.0.0"),
        ("0005", "1.0.0"),
        ("0006", "between 1.0.0 and 1.1.0"),
        ("0007", "1.1.0 or 1.1.1"),
        ("0008", "between 1.1.1 and 2.0.0"),
        ("0009", "2.0.0"),
        ("0010", "newer than 2.0.0"),
    ],
)
def test_a_schema_is_named_by_its_release(revision: str, named: str) -> None:
    released = [("1.0.0", "0005"), ("1.1.0", "0007"), ("1.1.1", "0007")]
    known = [Release(*each) for each in released]

    assert release_of(revision, known, Release("2.0.0", "0009")) == named
    # Its own line, once it is released, changes nothing.
    known.append(Release("2.0.0", "0009"))
    assert release_of(revision, known, Release("2.0.0", "0009")) == named


def test_each_release_of_the_changelog_has_a_schema() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    closed = re.findall(r"^## \[(\d[^\]]*)\]", changelog, re.M)
    schemas = [each.revision for each in RELEASED]

    assert [each.version for each in reversed(RELEASED)] == closed
    assert schemas == sorted(schemas) and set(schemas) <= set(REVISIONS)


async def test_a_plan_says_from_which_release_it_goes_to_which(url: str) -> None:
    to = f"to schema {SCHEMA_REVISION} (release {__version__})."
    first = (await _run("schema", "plan")).stdout
    await asyncio.to_thread(migrate, url, BEFORE)
    people, told = (await _run("schema", "plan")).stdout, await _json("schema", "plan")

    named = release_of(BEFORE)
    assert first.splitlines()[0] == f"From an empty database {to}"
    assert people.splitlines()[0] == f"From schema {BEFORE} (release {named}) {to}"
    assert (told["from"], told["to"]) == (named, __version__)
    assert f"schema downgrade {BEFORE}" in people
    assert "keeps running" not in first


async def test_a_plan_names_what_would_run_beside_a_step(url: str) -> None:
    await asyncio.to_thread(migrate, url, LONG_BEFORE)

    people, told = (await _run("schema", "plan")).stdout, await _json("schema", "plan")

    does = "what runs on schema 0016 does not run beside it, what runs on 0017 does"
    assert people.count(does) == 1
    assert [e["runs_from"] for e in told["steps"] if not e["beside"]] == ["0017"]


def _number_anew(connection: Connection) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    connection.commit()


async def test_a_plan_of_an_older_release_says_that_the_schema_is_newer(
    url: str,
) -> None:
    await asyncio.to_thread(migrate, url)
    same = (await _run("schema", "plan")).stdout
    await _look(url, _number_anew)
    newer = (await _run("schema", "plan")).stdout

    assert same == f"Schema {SCHEMA_REVISION} is that of this release: nothing to do.\n"
    assert f"newer than schema {SCHEMA_REVISION}" in newer
