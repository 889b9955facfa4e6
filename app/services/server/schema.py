"""The schema of the database and the one that this code needs."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from app.config import Settings
from app.repositories.schema import (
    MIGRATIONS,
    SCHEMA_REVISION,
    SchemaRepository,
    is_behind,
)
from app.services.process.process import Process

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic's own command wants its file, which only a checkout has.
HOW_TO_UPGRADE = "auth-serve schema upgrade (or: alembic upgrade head)"

_log = logging.getLogger("auth_serve.schema")


class SchemaMismatch(Exception):
    """The database has an older schema than this code needs, or another one."""


async def ensure_schema(process: Process) -> None:
    """Refuse to run on an older schema; in development, bring it up to date first.

    Raises:
        SchemaMismatch: The text says what to run.
    """
    found = await SchemaRepository(process.database).revision()
    if is_behind(found) and process.settings.migrates:
        _log.info("migrating", extra={"from": found, "to": SCHEMA_REVISION})
        await upgrade(process.settings)
        found = await SchemaRepository(process.database).revision()
    if is_behind(found):
        raise SchemaMismatch(
            f"the database has schema {found or 'none'} and this release needs "
            f"{SCHEMA_REVISION}; run: {HOW_TO_UPGRADE}"
        )
    if found != SCHEMA_REVISION:
        _log.warning(
            "the schema is newer than this release",
            extra={"found": found, "needed": SCHEMA_REVISION},
        )


async def upgrade(
    settings: Settings, watch: Callable[[Engine], None] | None = None
) -> None:
    """Bring the schema up to this release.

    Args:
        settings: Whose database it is.
        watch: Is given the engine before anything is sent.

    Raises:
        SchemaMismatch: The database is not of this service, or of a release unknown.
    """
    await asyncio.to_thread(_upgrade, settings, watch)


def _upgrade(settings: Settings, watch: Callable[[Engine], None] | None) -> None:
    """Run the migrations; env.py makes several processes at once take turns.

    Raises:
        SchemaMismatch: The database is not of this service, or of a release unknown.
    """
    # Imported here: a start with a current schema never needs it.
    from alembic import command
    from alembic.util import CommandError

    from app.repositories.upgrade.backfill import BackfillDue

    config = alembic_config(settings, watch)
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SchemaMismatch(f"the schema cannot be migrated: {error}") from error
    except BackfillDue as due:
        command.upgrade(config, due.before)  # as far as it goes
        raise SchemaMismatch(
            f"{due}; the schema is at {due.before} now. Run: auth-serve schema "
            "backfill, then this again; the release before runs on meanwhile"
        ) from None


def alembic_config(
    settings: Settings, watch: Callable[[Engine], None] | None
) -> "Config":
    """Return what Alembic's own commands take, without its file.

    Args:
        settings: Whose database it is.
        watch: Is given the engine before anything is sent.
    """
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["settings"] = settings  # the environment may say otherwise
    config.attributes["watch"] = watch
    return config
