"""What a downgrade ends, because nothing would bound it any more."""

import asyncio

from alembic import command
from sqlalchemy import Connection, text

from app.config import Settings
from app.services.server.runtime import build_runtime
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
