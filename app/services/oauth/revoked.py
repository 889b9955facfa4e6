"""The feed of what ended: built when something did, for all that read it (ADR-0084)."""

import asyncio
import hashlib
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.core import jose
from app.core.security import LoadedKey
from app.core.stopping import Stopping
from app.oauth.errors import AccessDenied, InvalidClient
from app.oauth.resources.revoked import (
    REVOKED_TTL,
    REVOKED_TYPE,
    entry_digest,
    entry_of_past,
    revoked_claims,
)
from app.repositories.oauth.jti import LONGEST_TOKEN
from app.repositories.statements.oauth.revoked import RevokedStatements
from app.resource_settings import MAX_TTL
from app.services.clients.authentication import ClientAuthenticationService, ClientCall
from app.services.clients.provider import Provider

MAX_WAIT = 30  # seconds; proxies give an answer a minute, as a rule
MOST_WAITING = 256  # requests of a process
MOST_OF_ONE = 64  # of them one reader's, or the processes of one API keep out the rest
_EACH = 0.5  # seconds between two looks of a process, while anybody waits
_ROUND = 60  # seconds; what is too old leaves in rounds, or each second were news
_OVERLAP = timedelta(seconds=30)  # a transaction commits so long after its instant
_MOST = 100_000  # entries; 900 KB
_MOST_OF_CLIENT = 5_000  # tokens revoked alone; then its instant says it


@dataclass(frozen=True, slots=True)
class RevokedDocument:
    """What is published, and its entity tag: the same in each process."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What ended: entries, clients and what everything is over until."""

    entries: Collection[UUID]
    clients: Mapping[UUID, datetime]
    not_before: datetime | None


@dataclass(slots=True)
class _Read:
    """What the looks of a round found, by entry.

    Attributes:
        at: When what is listed ended.
        of: Whose tokens were revoked alone.
        past: Clients that live again, and until when what they had was issued.
        floor: Whatever ended until then may have been left out; None if nothing was.
    """

    at: dict[UUID, datetime] = field(default_factory=dict)
    of: dict[UUID, UUID] = field(default_factory=dict)
    past: dict[UUID, datetime] = field(default_factory=dict)
    floor: datetime | None = None

    def take(self, rows: Iterable[Any]) -> None:
        """Add what a look found."""
        rows = list(rows)
        noted = {row.id: row for row in rows if row.expires_at is not None}
        self.at |= {row.id: row.at for row in rows if row.expires_at is None}
        for entry, row in noted.items():
            client = entry_of_past(entry)
            if client is not None:
                self.past[client] = row.expires_at - LONGEST_TOKEN
                if client not in noted:  # it was, until it lived again
                    self.at.pop(client, None)
                continue
            self.at[entry] = row.at or _over_until(entry, row.expires_at)
            if row.client_entry is not None:
                self.of[entry] = row.client_entry
        if len(noted) > _MOST:
            floor = min(row.at for row in noted.values() if row.at)
            self.floor = max(floor, self.floor or floor)


class RevokedFeed:
    """Looks for what ended, at most twice a second and only when asked."""

    def __init__(self, provider: Provider, stopping: Stopping) -> None:
        """Know nothing yet."""
        self._provider = provider
        self._stopping = stopping
        self._statements = RevokedStatements(provider.database)
        self._look = asyncio.Lock()
        self._looked_at = -math.inf
        self._round = -1
        self._read_until = datetime.fromtimestamp(0, UTC)
        self._read = _Read()
        self._digests: dict[UUID, bytes] = {}
        self._document: RevokedDocument | None = None
        self._waiting: Counter[str] = Counter()

    async def authorize(self, call: ClientCall) -> str | None:
        """Return who asks, if they may wait for news; None if they may only read.

        Raises:
            AccessDenied: It is no API, and the feed is not public.
            InvalidClient: It does not prove who it is.
            TooManyRequests: Clients failed to authenticate too often from there.
        """
        is_public = self._provider.settings.oauth.revoked_tokens == "public"
        if call.authorization is None and is_public:
            return None
        clients = ClientAuthenticationService(self._provider)
        client = await clients.recorded(call, clients.authenticate(call))
        if client.is_public and not is_public:
            hint = f"{client.client_id} is public and may not read what was revoked"
            raise InvalidClient("client authentication failed", hint=hint)
        if not client.is_resource_server and not is_public:
            raise AccessDenied(
                "only resource servers may read this; an administrator says which are",
                hint=f"{client.client_id} is no resource server",
            )
        return client.client_id if client.is_resource_server else None

    async def read(
        self,
        known: Collection[str],
        wait: float,
        reader: str,
        is_gone: Callable[[], Awaitable[bool]],
    ) -> tuple[RevokedDocument, bool]:
        """Return the document, once it is another than ``known`` or the wait is over.

        Args:
            known: Entity tags of what the reader has.
            wait: Seconds.
            reader: Whose share of those that may wait it is.
            is_gone: Tells whether nobody waits any more.

        Returns:
            With it whether there was room to wait. Who comes when too many wait does
            not; the end of the process ends each wait.
        """
        document = await self._current()
        is_full = self._waiting.total() >= MOST_WAITING
        if wait <= 0 or is_full or self._waiting[reader] >= MOST_OF_ONE:
            return document, False
        self._waiting[reader] += 1
        try:
            for _ in range(math.ceil(min(wait, MAX_WAIT) / _EACH)):
                if document.etag not in known or self._stopping.is_begun:
                    break
                if await is_gone():
                    break
                await asyncio.sleep(_EACH)
                document = await self._current()
        finally:
            self._waiting[reader] -= 1
            if not self._waiting[reader]:
                del self._waiting[reader]  # or clients that are gone stayed for ever
        return document, True

    async def _current(self) -> RevokedDocument:
        """Return what was found a moment ago, or look: one for all that ask."""
        async with self._look:
            age = self._provider.clock.monotonic() - self._looked_at
            if self._document is None or age >= _EACH * 0.9:
                self._document = await self._refreshed()
                self._looked_at = self._provider.clock.monotonic()
            return self._document

    async def _refreshed(self) -> RevokedDocument:
        now = self._provider.clock.now()
        round_ = int(now.timestamp()) // _ROUND
        known = await self._known(now, round_)
        algorithm = self._provider.settings.token.algorithm
        key = self._provider.ring.signing(algorithm, now)
        etag, message = await asyncio.to_thread(self._built, known, now, key)
        if self._document is not None and self._document.etag == etag:
            return self._document
        body = jose.compact(message, await key.signer.sign(message))
        return RevokedDocument(body.encode("ascii"), etag)

    def _built(self, known: _Known, now: datetime, key: LoadedKey) -> tuple[str, bytes]:
        """Return the name of the document, and what is signed of it if it is new.

        Of 100,000 entries it takes a while, in a thread.
        """
        kept = self._digests
        self._digests = {
            each: kept.get(each) or entry_digest(each) for each in known.entries
        }
        digests = set(self._digests.values())
        until = known.not_before
        signed_in = int(now.timestamp()) // (REVOKED_TTL // 2)
        clients = {entry_digest(each): at for each, at in known.clients.items()}
        since = repr(sorted((key, at.timestamp()) for key, at in clients.items()))
        named = f"{signed_in} {until and until.timestamp()} {since}".encode()
        listed = b"".join(sorted(digests))
        etag = hashlib.sha256(named + b"\0" + listed).hexdigest()[:32]
        if self._document is not None and self._document.etag == etag:
            return etag, b""
        claims = revoked_claims(
            issuer=self._provider.settings.public_url,
            digests=digests,
            not_before=until,
            clients=clients,
            now=now,
        )
        return etag, key.signing_input(claims, REVOKED_TYPE)

    async def _known(self, now: datetime, round_: int) -> _Known:
        """Read what is new, and once a round everything."""
        epoch = await self._statements.epoch()
        life = timedelta(seconds=MAX_TTL)
        window = datetime.fromtimestamp(round_ * _ROUND, UTC) - life
        is_whole = round_ != self._round
        since = window if is_whole else self._read_until - _OVERLAP
        rows = await self._statements.ended(
            max(since, window), window=window, now=now, most=_MOST + 1
        )
        read = _Read() if is_whole else self._read
        read.take(row for row in rows if _is_dated(row))
        self._read, self._round, self._read_until = read, round_, now
        before = _Read()  # of the release before; read whole with each look
        before.take(row for row in rows if not _is_dated(row))
        # All of it: what were dropped here, the next look of the round would not know.
        listed = before.at | read.at
        clients = before.past | read.past
        _crowds_out(listed, read.of, clients)
        not_before = _relieve(listed, max(filter(None, (epoch, read.floor, window))))
        return _Known(
            listed.keys(), clients, not_before if not_before > window else None
        )


def _is_dated(row: Any) -> bool:
    return row.at is not None


def _crowds_out(
    listed: dict[UUID, datetime],
    of: Mapping[UUID, UUID],
    clients: dict[UUID, datetime],
) -> None:
    """Let one instant stand for the tokens of each client that revoked very many.

    What is over more than it has to be is that client's alone.
    """
    for client, count in Counter(of.values()).items():
        if count <= _MOST_OF_CLIENT:
            continue
        mine = [entry for entry, whose in of.items() if whose == client]
        latest = max(_issued_until(entry) or listed[entry] for entry in mine)
        clients[client] = max(latest, clients.get(client, latest))
        for entry in mine:
            del listed[entry]


def _over_until(entry: UUID, expires_at: datetime) -> datetime:
    """Return an instant until which whatever an entry ends was issued.

    A token is as old as its id (RFC 9562 §5.7); grants and clients ended a day before
    their note expires, which is earlier than any token of that end was issued.
    """
    at = expires_at - LONGEST_TOKEN
    issued = _issued_until(entry)
    return at if issued is None else max(at, issued)


def _issued_until(entry: UUID) -> datetime | None:
    """Return the end of the millisecond in which an id was made, if it says it."""
    if entry.version != 7:
        return None
    return datetime.fromtimestamp((entry.int >> 80) / 1_000 + 0.001, UTC)


def _relieve(at: dict[UUID, datetime], not_before: datetime) -> datetime:
    """Drop what need not be listed; return the instant that all before is over at.

    If too much ended to be listed, that instant moves on: whoever is still welcome
    gets another token, and whoever is not gets none.
    """
    if len(at) > _MOST:
        not_before = max(sorted(at.values(), reverse=True)[_MOST], not_before)
    for entry in [each for each, ended in at.items() if ended <= not_before]:
        del at[entry]
    return not_before
