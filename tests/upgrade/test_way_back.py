"""``schema downgrade``: what is lost is said before, and nothing else is."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from app.config import Settings
from app.models import RealmDomain, SealingProcess, SigningKey
from app.models.base import Base
from app.models.upstream.connection import Connection as Upstream
from app.repositories.schema import SCHEMA_REVISION
from app.services.server.runtime import build_runtime
from app.services.server.secret_key.presence import VALID
from tests.conftest import SECRET, migrate
from tests.database.test_migrations import _look
from tests.database.test_schema_plan import REVISIONS, _json, _rows, _run, _state
from tests.factories.user import UserFactory

BEFORE, LONG_BEFORE = REVISIONS[-2], "0037"
NOW, SOMEBODY, DOMAIN = timedelta(), UUID(int=1), UUID(int=2)


@pytest.fixture
async def url(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of this release, with an account, of the operator's shell."""
    await asyncio.to_thread(migrate, empty_database_url)
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    await _store(empty_database_url)
    return empty_database_url


async def _store(url: str, *rows: tuple[type[Base], dict[str, Any]]) -> None:
    """Store rows, or an account where none are named."""
    settings = {"database_url": url, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(settings))
    if not rows:
        await UserFactory(runtime)()
    async with runtime.unit_of_work() as uow:
        now = uow.clock.now()
        for model, values in rows:
            told = {
                name: now + value if isinstance(value, timedelta) else value
                for name, value in values.items()
            }
            uow.db.add(model(**told))
            await uow.db.flush()
    await runtime.close()


def _key(kid: str, sequence: int, **more: Any) -> tuple[type[Base], dict[str, Any]]:
    times = {"created_at": NOW, "activates_at": NOW}
    known = {"kid": kid, "algorithm": "ES256", "sequence": sequence}
    return SigningKey, {**known, "public_jwk": {}, "private_key": b"", **times, **more}


async def _use(url: str) -> None:
    """Use what the releases since brought: domains of a connection, and an HSM."""
    times = {"created_at": NOW, "updated_at": NOW}
    connection = {
        "id": SOMEBODY,
        "name": "firm",
        "kind": "oidc",
        "display_name": "Firm",
        "enabled": True,
        "settings": {},
        "policy": {},
        "version": 1,
    }
    domain = {"id": DOMAIN, "connection_id": SOMEBODY, "domain": "a.example"}
    await _store(
        url,
        _key("here", 1),
        _key("elsewhere", 2, store="pkcs11", reference="slot 1"),
        (Upstream, connection | times),
        (RealmDomain, domain | {"token": "x", "created_at": NOW}),
    )


async def test_nothing_is_taken_before_somebody_was_told_what(url: str) -> None:
    await _use(url)
    before = await _look(url, _state), await _look(url, _rows)

    asked = await _run("schema", "downgrade", LONG_BEFORE)

    assert asked.exit_code == 2 and asked.stdout == ""
    assert (await _look(url, _state), await _look(url, _rows)) == before
    said = asked.stderr.splitlines()
    assert "0043  Drop it: people sign in with passwords of here again." in said
    for loss in (
        "the table realm_domains, 1 rows",
        "the table connections, 1 rows",
        "the table upstream_sessions, 0 rows",
        "webhooks.signing_key, of 0 rows",
        "1 rows of signing_keys",
        # One says what it would say by itself: nothing is lost with that.
        "signing_keys.store, of 1 rows",
        "signing_keys.reference, of 1 rows",
    ):
        assert f"lost: {loss}" in said
    assert f"bring schema {SCHEMA_REVISION} back to 0037, and lose 5" in said[-1]
    assert said[-1].endswith("say --yes")


async def test_what_was_named_goes_and_all_else_stays(url: str) -> None:
    """And there is a way forward again."""
    await _use(url)
    tables, _, people = await _look(url, _state)
    before = await _look(url, _rows)

    told = await _json("schema", "downgrade", LONG_BEFORE, "--yes")

    assert (told["before"], told["revision"]) == (SCHEMA_REVISION, LONG_BEFORE)
    whole = {e["table"] for e in told["taken"] if e["whole"] and not e["column"]}
    some = {e["table"]: e["rows"] for e in told["taken"] if not e["whole"]}
    left, revision, still = await _look(url, _state)
    assert (set(tables) - set(left), revision) == (whole, LONG_BEFORE)
    assert whole >= {"realm_domains", "connections"} and some == {"signing_keys": 1}
    assert still == people == 1
    kept = {n: r - some.get(n, 0) for n, r in before.items() if n not in whole}
    assert await _look(url, _rows) == kept
    await _json("schema", "upgrade")
    assert (await _look(url, _rows)) == {name: kept.get(name, 0) for name in before}


async def test_nothing_is_taken_from_under_a_process_that_serves(url: str) -> None:
    """It says so itself; one that was killed, for three minutes."""
    process = {"mark": "x", "until": VALID}
    await _store(url, (SealingProcess, {"id": SOMEBODY, **process}))
    gone = {"id": DOMAIN, "mark": "x", "until": -VALID}
    await _store(url, (SealingProcess, gone))

    refused = await _run("schema", "downgrade", BEFORE, "--yes")
    await _look(url, _stop)
    done = await _run("schema", "downgrade", BEFORE, "--yes")

    assert refused.exit_code == 1
    assert "1 process of the service still serve" in refused.stderr
    assert done.exit_code == 0
    assert done.stdout == f"schema {SCHEMA_REVISION}, now {BEFORE}\n"


def _stop(connection: Connection) -> None:
    connection.execute(text("DELETE FROM sealing_processes WHERE mark = 'x'"))
    connection.commit()


async def test_only_a_schema_before_is_a_way_back(url: str) -> None:
    before = await _look(url, _state)

    for target in (SCHEMA_REVISION, "0000", "base", "head", "-1", ""):
        done = await _run("schema", "downgrade", "--yes", "--", target)
        assert done.exit_code == 1 and "is no schema before" in done.stderr, target

    assert await _look(url, _state) == before


async def test_a_release_has_no_way_back_from_what_a_newer_one_made(url: str) -> None:
    """It has not the files that would undo it."""

    def newer(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()

    await _look(url, newer)

    done = await _run("schema", "downgrade", BEFORE, "--yes")

    assert done.exit_code == 3 and "does not know" in done.stderr
    assert (await _look(url, _state))[1] == "9999"


async def test_where_a_migration_knows_no_way_back_nothing_is_done(url: str) -> None:
    """As after a rotation of the secret key, once newer steps were undone."""

    def rotate(connection: Connection) -> None:
        query = text(
            "INSERT INTO sealing_keys (mark, began_at) "
            "VALUES (:mark, '2026-01-01 00:00:00+00')"
        )
        connection.execute(query, [{"mark": "a"}, {"mark": "b"}])
        connection.commit()

    await _look(url, rotate)
    before = await _look(url, _state), await _look(url, _rows)

    done = await _run("schema", "downgrade", "0036", "--yes")

    assert done.exit_code == 1 and "there is no way back" in done.stderr
    assert "Traceback" not in done.stderr
    assert (await _look(url, _state), await _look(url, _rows)) == before
