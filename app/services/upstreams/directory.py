"""Connections by which people may come now, and what speaks with their other sides."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.core.exceptions import AppError
from app.models.upstream.connection import Connection
from app.repositories.upstream.connection import ConnectionRepository
from app.repositories.upstream.realm_domain import RealmDomainRepository
from app.services.process.process import Process
from app.services.upstreams.configuration import connector_of, kind_named

if TYPE_CHECKING:
    from app.upstreams.password import PasswordConnector
    from app.upstreams.protocol import RedirectConnector

KEPT_FOR = 3.0  # seconds: how late another process sees a change (architecture, rule 5)
_log = logging.getLogger("auth_serve.connection")


@dataclass(frozen=True, slots=True)
class Way:
    """A connection that is on, as this process knows it.

    Attributes:
        kind: Which kind of service, as ``upstreams.kinds`` names it.
        version: Of the row that it was read from.
        settings: Those that the connector was made with, but for secrets.
        policy: What is believed of the other side.
        connector: Speaks with it, and keeps what it learns.
        asks_at_least: Seconds that its kind wants between two questions about somebody.
        called: Whom that called so far, by the names of their breakers.
    """

    id: UUID
    name: str
    display_name: str
    kind: str
    version: int
    settings: dict[str, Any]
    policy: dict[str, Any]
    connector: "RedirectConnector | PasswordConnector"
    asks_at_least: int
    called: set[str]

    @property
    def allows_passwords(self) -> bool:
        """Tell whether people of its domains may sign in with a password of here."""
        return bool(self.policy.get("local_passwords"))


class ConnectionDirectory:
    """Finds connections. All are read together, for they are few.

    A connector is kept while its row is the same, so that metadata and keys of the
    other side are not asked for at each sign-in.
    """

    def __init__(self, process: Process) -> None:
        """Keep nothing yet."""
        self._process = process
        self._known: dict[str, Way] = {}
        self._leaders: dict[str, Way] = {}
        self._read_at = float("-inf")

    async def all(self) -> Sequence[Way]:
        """Return those that are on, by name."""
        now = self._process.clock.monotonic()
        if now - self._read_at >= KEPT_FOR:
            async with self._process.database.session(read_only=True) as db:
                rows = await ConnectionRepository(db).list_enabled()
                leads = await RealmDomainRepository(db).list_leading() if rows else ()
            found = [self._way(row) for row in rows]
            self._known = {way.name: way for way in found if way is not None}
            by_id = {way.id: way for way in self._known.values()}
            self._leaders = {
                row.domain: way
                for row in leads
                if (way := by_id.get(row.connection_id))
            }
            self._read_at = now
        return tuple(self._known.values())

    async def find(self, name: str) -> Way | None:
        """Return the one of this name, if it is on."""
        await self.all()
        return self._known.get(name)

    def silent(self) -> Sequence[Way]:
        """Return those whose other side this process found not to answer."""
        states = self._process.breakers.states()
        down = {name for name, state in states.items() if state != "closed"}
        return [way for way in self._known.values() if way.called & down]

    async def leader(self, domain: str) -> Way | None:
        """Return the one that leads people of a domain, as DNS knows that."""
        await self.all()
        return self._leaders.get(domain)

    async def has_leaders(self) -> bool:
        """Tell whether people of any domain are led."""
        await self.all()
        return bool(self._leaders)

    def forget(self) -> None:
        """Read them anew at the next request; call it after a change."""
        self._read_at = float("-inf")

    def _way(self, row: Connection) -> Way | None:
        known = self._known.get(row.name)
        if known is not None and (known.id, known.version) == (row.id, row.version):
            return known
        try:
            called = set[str]()
            connector = connector_of(self._process, row, called)
        except AppError as error:
            told = {"connection": row.name, "reason": str(error)}
            _log.warning("a connection cannot be used as it is stored", extra=told)
            return None
        return Way(
            id=row.id,
            name=row.name,
            display_name=row.display_name,
            kind=row.kind,
            version=row.version,
            settings=row.settings,
            policy=row.policy,
            connector=connector,
            asks_at_least=kind.asks_at_least if (kind := kind_named(row.kind)) else 0,
            called=called,
        )


def is_directory(way: Way) -> bool:
    """Tell whether a connection asks for a password, and leads nobody away."""
    from app.upstreams.password import PasswordConnector  # here: as the kinds

    return isinstance(way.connector, PasswordConnector)
