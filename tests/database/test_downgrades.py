"""What a downgrade ends, because nothing would bound it any more."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import Connection, text

from app.config import Settings
from app.schemas.attribute import AttributeCreate
from app.services.attributes.definition import AttributeService
from app.services.attributes.values import AttributeValues
from app.services.server.runtime import build_runtime
from app.services.server.startup import start
from tests.conftest import SECRET, migrate
from tests.database.test_migrations import _config, _look
from tests.factories.oauth import ApplicationFactory, CodeFactory
from tests.factories.user import UserFactory
from tests.support.api import PASSWORD


def _ends(connection: Connection) -> dict[str, str | None]:
    """Return why the grants ended, by the scope that each has."""
    query = "SELECT scope, revoked_at, revoked_reason FROM oauth_grants"
    rows = list(connection.execute(text(query)))
    assert all((row.revoked_at is None) == (row.revoked_reason is None) for row in rows)
    return {row.scope: row.revoked_reason for row in rows}


def _bind_grant(connection: Connection) -> None:
    change = "UPDATE oauth_grants SET resources = 'https://a.example' WHERE scope = "
    connection.execute(text(f"{change}'openid email'"))
    connection.commit()


async def test_grants_for_an_api_end_when_nothing_bounds_them_any_more(
    empty_database_url: str,
) -> None:
    """Otherwise a refresh would give a token for the client's own API."""
    url = empty_database_url
    await asyncio.to_thread(migrate, url)
    settings = {"database_url": url, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(settings))
    user = await UserFactory(runtime).with_password(PASSWORD)
    app = await ApplicationFactory(runtime)()
    for scope in ("openid", "openid email"):
        await CodeFactory(runtime)(app, user, scope)
    await runtime.close()
    await _look(url, _bind_grant)

    await asyncio.to_thread(command.downgrade, _config(url), "0019")

    assert await _look(url, _ends) == {"openid": None, "openid email": "downgrade"}


def _people(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM users")).scalar_one())


def _attributes(connection: Connection) -> int:
    counts = [
        connection.execute(
            text(f"SELECT count(*) FROM {table}")
        ).scalar_one()  # noqa: S608
        for table in ("attributes", "user_attributes")
    ]
    return sum(counts)


def _note(connection: Connection) -> None:
    add = "INSERT INTO oauth_revoked_tokens (id, expires_at) VALUES (:id, :at)"
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    values = {"id": uuid4() if connection.dialect.name == "postgresql" else uuid4().hex}
    connection.execute(text(add), values | {"at": expires_at})
    connection.commit()


def _count(connection: Connection) -> int:
    found = connection.execute(text("SELECT count(*) FROM oauth_revoked_tokens"))
    return int(found.scalar_one())


async def test_what_was_revoked_stays_so_over_an_upgrade_and_back(
    empty_database_url: str,
) -> None:
    """The release before writes beside this one, and takes the table back whole."""
    url = empty_database_url
    await asyncio.to_thread(command.upgrade, _config(url), "0031")
    await _look(url, _note)
    await asyncio.to_thread(command.upgrade, _config(url), "0032")
    await _look(url, _note)

    await asyncio.to_thread(command.downgrade, _config(url), "0031")

    assert await _look(url, _count) == 2


async def test_attributes_go_with_the_revision_and_leave_people_as_they_are(
    empty_database_url: str,
) -> None:
    url = empty_database_url
    await asyncio.to_thread(migrate, url)
    settings = {"database_url": url, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(settings))
    user = await UserFactory(runtime).with_password(PASSWORD)
    members = AttributeCreate(name="team").model_dump()
    async with runtime.unit_of_work() as uow:
        await AttributeService(uow).create(members)
        await AttributeValues(uow).set(user.id, {"team": "ops"})
    await runtime.close()

    await asyncio.to_thread(command.downgrade, _config(url), "0030")
    people = await _look(url, _people)
    await asyncio.to_thread(command.upgrade, _config(url), "head")

    assert people == await _look(url, _people) == 1
    assert await _look(url, _attributes) == 0


def _keys(connection: Connection) -> int:
    found = connection.execute(text("SELECT count(*) FROM sealing_keys"))
    return int(found.scalar_one())


async def test_after_a_rotation_of_the_secret_key_there_is_no_way_back(
    empty_database_url: str,
) -> None:
    """The release before would derive other subjects from the key that it is given."""
    url, old = empty_database_url, SECRET
    await asyncio.to_thread(migrate, url)
    after = {"secret_key": old[::-1], "secret_key_second": old}
    for keys in ({"secret_key": old}, after):
        chosen = {"database_url": url, "jobs": False, **keys}
        runtime = build_runtime(Settings.model_validate(chosen))
        await start(runtime)
        await runtime.close()

    with pytest.raises(RuntimeError, match="no way back"):
        await asyncio.to_thread(command.downgrade, _config(url), "0036")

    assert await _look(url, _keys) == 2
