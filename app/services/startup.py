"""What has to hold before the first request is taken."""

import logging

from sqlalchemy.exc import SQLAlchemyError

from app.config import PREFIX
from app.core.exceptions import AppError
from app.database import DatabaseUnavailable
from app.services.password import PasswordService
from app.services.runtime import Runtime
from app.services.schema import SchemaMismatch, ensure_schema
from app.services.setup import SetupService
from app.services.signing_key import KeysUnreadable, SigningKeyService

_log = logging.getLogger("auth_serve.start")


class StartRefused(Exception):
    """The process must not serve; the text says why, without any secret."""


async def start(runtime: Runtime) -> str | None:
    """Check the schema, load the keys, make the first administrator.

    Returns:
        The set-up link, while there is no administrator.

    Raises:
        StartRefused: Something that every request needs is missing.
    """
    try:
        await ensure_schema(runtime)
        await SigningKeyService(runtime).ensure()
        link = await _set_up(runtime)
    except (SchemaMismatch, KeysUnreadable) as error:
        raise StartRefused(str(error)) from error
    except (SQLAlchemyError, DatabaseUnavailable, OSError) as error:
        raise StartRefused(
            f"the database of {PREFIX}DATABASE_URL cannot be used: {_cause(error)}"
        ) from error
    except AppError as error:
        details = "; ".join(
            f"{item['field']}: {item['message']}" for item in error.errors
        )
        raise StartRefused(details or error.title) from error
    settings = runtime.settings
    _log.info(
        "started",
        extra={
            "environment": settings.environment,
            "public_url": settings.public_url,
            "registration": settings.registration_mode,
        },
    )
    return link


async def _set_up(runtime: Runtime) -> str | None:
    async with runtime.unit_of_work() as uow:
        service = SetupService(uow, runtime, PasswordService(runtime))
        await service.from_settings()
        return await service.link()


def _cause(error: BaseException) -> str:
    """Name the kind of failure; its text may hold the address with the password."""
    return type(getattr(error, "orig", None) or error.__cause__ or error).__name__
