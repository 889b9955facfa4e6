"""What has to hold before the first request is taken."""

import asyncio
import logging

from sqlalchemy.exc import SQLAlchemyError

from app.config import PREFIX
from app.core.exceptions import AppError
from app.core.password_schemes.engines import KEPT
from app.core.signing.signer import SigningUnavailable
from app.database_errors import DatabaseUnavailable, is_sqlite_error
from app.services.accounts.password import PasswordService
from app.services.factors.challenge import load_models
from app.services.mails.logo import read_logo
from app.services.mails.preview import MailPreviewService
from app.services.process.process import Process
from app.services.server.declared_resource import declared_flaw
from app.services.server.schema import SchemaMismatch, ensure_schema
from app.services.server.secret_key.kept import KeptKeyService
from app.services.server.secret_key.presence import SealingPresence
from app.services.server.served_address import remember_address
from app.services.server.setup import SetupService
from app.services.server.shared_clock import SharedClockService
from app.services.server.signing_key import KeysUnreadable, SigningKeyService
from app.services.sign_in.place import Places

_log = logging.getLogger("auth_serve.start")
_POOLER = (
    "a pooler is before it that does not take what we say when we connect or prepare; "
    f"if it works in transaction mode, set {PREFIX}DATABASE__PREPARED_STATEMENTS=false"
)
_FOLDER = (
    "the file cannot be opened; its folder has to exist, and this user has to be "
    "allowed to write there"
)
# By name, as the drivers' errors have no other parent than Exception in common.
_FULL = "its disk is full; make room"
_SENTENCES = {
    "InvalidPasswordError": "user or password is wrong",
    "InvalidAuthorizationSpecificationError": "the server does not let this user in",
    "InvalidCatalogNameError": "the server has no database of this name; create it",
    "InsufficientPrivilegeError": "the user may not use its tables; grant it that",
    "TooManyConnectionsError": "the server has no connection left",
    "CannotConnectNowError": "the server is starting or stopping; try again",
    "ReadOnlySQLTransactionError": "it takes no writes: a standby, or told to be one",
    "DiskFullError": _FULL,
    "ConfigurationLimitExceededError": _FULL,  # the server's own bound on its disk
    "LockNotAvailableError": "somebody else holds a lock on its tables; try again",
    "ProtocolViolationError": _POOLER,
    "InvalidSQLStatementNameError": _POOLER,
    "DuplicatePreparedStatementError": _POOLER,
    "gaierror": "no host of this name is known",
    "ConnectionRefusedError": "nothing listens at this host and port",
    "FolderUnusable": _FOLDER,
    "PasswordUnreadable": f"{PREFIX}DATABASE__PASSWORD_FILE holds no password",
    "TimeoutError": "the host does not answer",
}
_SQLITE = {
    "unable to open": _FOLDER,
    "readonly": "the file may not be written by this user",
    "not a database": "the file is no SQLite database",
    "locked": "another process has it locked",
    "disk is full": _FULL,
    "disk I/O error": "its file can be read or written no more; look at its disk",
    "malformed": "the file is damaged; bring a backup back",
}


class StartRefused(Exception):
    """The process must not serve; the text says why, without any secret."""


async def start(process: Process, *, serving: bool = False) -> str | None:
    """Check the schema, load the keys, make the first administrator.

    Args:
        process: What starts.
        serving: Requests will be taken; a command only works and ends.

    Returns:
        The set-up link, while there is no administrator. Not in production, where what
        a process prints is kept and read by many: ``setup link`` prints it there.

    Raises:
        StartRefused: Something that every request needs is missing.
    """
    try:
        await ensure_schema(process)
        await SharedClockService(process).measure()
        await KeptKeyService(process).ensure()
        if serving or process.secret_key.is_rotating:
            await SealingPresence(process).announce()  # before anything is sealed
        await _ensure_keys(process, serving)
        if serving:
            await _load_models(process)
            _check_mails(process)
            await _check_resources(process)
            await asyncio.to_thread(Places(process.settings.session.geoip_file).open)
        link = await _set_up(process, serving)
    except (SchemaMismatch, KeysUnreadable) as error:
        raise StartRefused(str(error)) from error
    except SigningUnavailable as error:
        raise StartRefused(error.hint) from error
    except (SQLAlchemyError, DatabaseUnavailable, OSError) as error:
        raise StartRefused(why_unusable(error)) from error
    except AppError as error:
        details = "; ".join(
            f"{item['field']}: {item['message']}" for item in error.errors
        )
        raise StartRefused(details or error.title) from error
    settings = process.settings
    tell_of_hashing()
    _log.info(
        "started",
        extra={
            "environment": settings.environment,
            "public_url": settings.public_url,
            "registration": settings.registration_mode,
            "hashing": process.hasher.engine_name,
        },
    )
    return link


async def _ensure_keys(process: Process, serving: bool) -> None:
    """Make the keys that are due, and demand that each can be signed with.

    Commands sign nothing: they go on without what holds the keys.
    """
    service = SigningKeyService(process)
    try:
        await service.ensure()
        if serving:
            await service.check()
    except SigningUnavailable as error:
        if serving:
            raise
        _log.warning("no keys made", extra={"reason": error.hint})


def tell_of_hashing() -> None:
    """Say why an engine that was built is not used: nobody would see it otherwise."""
    if KEPT.problem is not None:
        _log.warning(KEPT.problem)


async def _load_models(process: Process) -> None:
    """Refuse metadata of authenticators that could judge nobody later.

    Commands judge none: they would wait seconds, and those that mend could not start.
    """
    try:
        await load_models(process)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise StartRefused(f"{PREFIX}PASSKEY__METADATA_FILE: {said}") from error


async def _check_resources(process: Process) -> None:
    """Refuse APIs of the settings that something stored is called like."""
    settings = process.settings
    async with process.unit_of_work() as uow:
        flaw = await declared_flaw(uow, settings.resources, settings.public_url)
    if flaw is not None:
        raise StartRefused(flaw)


def _check_mails(process: Process) -> None:
    """Refuse what would keep mails from being sent: a logo, or texts."""
    settings = process.settings
    try:
        read_logo(settings.theme, settings.public_url)
    except ValueError as error:
        raise StartRefused(f"{PREFIX}THEME__MAIL_LOGO {error}") from error
    folder = settings.mail_templates
    if folder is None:
        return
    name = f"{PREFIX}MAIL_TEMPLATES"
    if not folder.is_dir():
        raise StartRefused(f"{name}: there is no such folder")
    if flaws := list(MailPreviewService.of(process).flaws(folder)):
        raise StartRefused(f"{name}: {'; '.join(flaws)}")


async def _set_up(process: Process, serving: bool) -> str | None:
    async with process.unit_of_work() as uow:
        service = SetupService(uow, process, PasswordService(process))
        await service.from_settings()
        if not serving:
            return None
        await remember_address(uow, process)
        if not process.settings.is_production:
            return await service.link()
        if not await service.is_finished():
            _log.warning("there is no administrator; run: auth-serve setup link")
        return None


def why_unusable(error: BaseException) -> str:
    """Say what to do; the error's own text may hold the address with the password."""
    return f"the database of {PREFIX}DATABASE_URL cannot be used: {_cause(error)}"


def _cause(error: BaseException) -> str:
    each: BaseException | None = error
    while each is not None:
        sentence = _sentence(each)
        if sentence is not None:
            return sentence
        error = each
        each = getattr(each, "orig", None) or each.__cause__
    return type(error).__name__  # the driver's; what wraps it is called Error


def _sentence(error: BaseException) -> str | None:
    if is_sqlite_error(error):
        text = str(error)
        return next((say for mark, say in _SQLITE.items() if mark in text), None)
    names = [kind.__name__ for kind in type(error).__mro__]
    return next((_SENTENCES[name] for name in names if name in _SENTENCES), None)
