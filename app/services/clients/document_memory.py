"""Metadata documents of clients that this process fetched lately, within bounds."""

import asyncio
from dataclasses import dataclass, field
from typing import TypeVar
from weakref import WeakValueDictionary

from app.core.clock import Clock
from app.models.oauth.client import NOBODY, OAuthClient
from app.oauth.clients.client import Client
from app.oauth.clients.registration import ClientMetadata
from app.oauth.errors import InvalidRequest
from app.services.clients.directory import engine_client

LAST_GOOD_FOR = 3_600.0  # seconds that a document is used while its host is silent
ASKED_EVERY = 10.0  # seconds at least between two questions that went wrong
AT_ONCE = 8  # fetches; slow hosts shall leave the door to keys and logout notices
_MOST = 512  # documents; some kilobytes each
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Document:
    """What a document said; instants are monotonic seconds."""

    metadata: ClientMetadata
    fresh_until: float

    def is_fresh(self, now: float) -> bool:
        """Tell whether it is used without asking again."""
        return now < self.fresh_until

    def is_last_good(self, now: float) -> bool:
        """Tell whether it is used while nobody answers."""
        return now < self.fresh_until + LAST_GOOD_FOR


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no document, told again for some seconds."""

    error: InvalidRequest
    until: float


@dataclass(slots=True)
class DocumentMemory:
    """Documents and refusals, the oldest forgotten first, each kind apart.

    Strangers make refusals at will, and push no document out with them.
    """

    clock: Clock
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _documents: dict[str, Document] = field(default_factory=dict)
    _refused: dict[str, Refused] = field(default_factory=dict)
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(
        default_factory=WeakValueDictionary
    )

    def lock(self, client_id: str) -> asyncio.Lock:
        """Return what lets one at a time ask for a document."""
        return self._locks.setdefault(client_id, asyncio.Lock())

    def get(self, client_id: str) -> Document | None:
        """Return a document as long as it may be used at all."""
        kept = self._documents.get(client_id)
        is_usable = kept and kept.is_last_good(self.clock.monotonic())
        return kept if is_usable else None

    def client(self, client_id: str) -> Client | None:
        """Return a client as its document has it, with nothing that was stored."""
        kept = self.get(client_id)
        return described(client_id, kept.metadata) if kept else None

    def refusal(self, client_id: str) -> InvalidRequest | None:
        """Return why there was no document some seconds ago."""
        kept = self._refused.get(client_id)
        is_recent = kept and self.clock.monotonic() < kept.until
        return kept.error if kept and is_recent else None

    def keep(self, client_id: str, metadata: ClientMetadata, seconds: float) -> None:
        """Keep what a document said, in place of what it said before."""
        until = self.clock.monotonic() + seconds
        self._refused.pop(client_id, None)
        _put(self._documents, client_id, Document(metadata, until))

    def refuse(self, client_id: str, error: InvalidRequest, *, is_told: bool) -> None:
        """Keep why there is none.

        Args:
            client_id: Whose.
            error: Why.
            is_told: Whether its host said so; otherwise what it said last still counts.
        """
        if is_told:
            self._documents.pop(client_id, None)
        until = self.clock.monotonic() + ASKED_EVERY
        _put(self._refused, client_id, Refused(error, until))


def _put(kept: dict[str, Kept], client_id: str, value: Kept) -> None:
    kept.pop(client_id, None)
    if len(kept) >= _MOST:
        del kept[next(iter(kept))]
    kept[client_id] = value


def described(client_id: str, metadata: ClientMetadata) -> Client:
    """Return a client that nobody vouches for, and that has no power."""
    row = OAuthClient(
        client_id=client_id,
        is_self_registered=True,
        vouched_by=NOBODY,
        is_first_party=False,
        is_resource_server=False,
        document=metadata.document(),
        client_name=metadata.client_name or "",
    )
    return engine_client(row, ())
