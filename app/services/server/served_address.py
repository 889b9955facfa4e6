"""Where the service is served, for commands that are told no public address."""

from sqlalchemy.exc import SQLAlchemyError

from app.config import Settings
from app.database_errors import DatabaseUnavailable
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process
from app.services.server.runtime import Runtime, build_runtime


async def remember_address(uow: UnitOfWork, process: Process) -> None:
    """Write down where this process is served; production is told it everywhere."""
    settings = process.settings
    if not settings.is_production:
        await uow.served_addresses.put(settings.public_url, uow.clock.now())


async def build_commands_runtime(settings: Settings) -> Runtime:
    """Put a process together whose links lead to where the service was last served.

    Raises:
        SettingsError: The settings make no process.
    """
    runtime = build_runtime(settings)
    if settings.names_address:
        return runtime
    address = await _last_known(runtime)
    if address is None or address == settings.public_url:
        return runtime
    await runtime.close()
    return build_runtime(settings.served_at(address))


async def _last_known(process: Process) -> str | None:
    """Return the address; None before the first start, and without a database."""
    try:
        async with process.unit_of_work(read_only=True) as uow:
            return await uow.served_addresses.last()
    except (SQLAlchemyError, DatabaseUnavailable, OSError):
        return None  # no table yet; whoever needs the database says what is wrong
