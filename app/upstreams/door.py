"""The other side, asked by the guarded door; what went wrong is told in our words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.core.circuit_breaker import CircuitOpen
from app.core.outbound import (
    OutboundFailed,
    OutboundRefused,
    OutboundResponse,
)
from app.oauth.uri import encode
from app.upstreams.protocol import Reason, Refused, Surroundings
from app.upstreams.values import shown

MAX_BYTES = 64 * 1024  # of an answer about one person, or of a metadata document
MAX_KEYS_BYTES = 256 * 1024  # key sets that carry certificates are long


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, below 500: a status, and JSON; None is whatever is no JSON."""

    status: int
    content: Any

    @property
    def members(self) -> Mapping[str, Any]:
        """The members of the object that it is; of anything else there are none."""
        return self.content if isinstance(self.content, dict) else {}


class Door:
    """Asks in JSON. What an upstream does wrong counts against its host.

    For this connection alone: one realm or tenant of a host may be away where others
    are not. An administrator named the host, so its breaker is one of those that
    readiness tells of.
    """

    def __init__(self, world: Surroundings) -> None:
        """Ask by its client, and note there who was asked."""
        self._outbound, self._called = world.outbound, world.called
        self._whose = world.whose

    async def get(
        self, url: str, *, bearer: str | None = None, max_bytes: int = MAX_BYTES
    ) -> Answer:
        """Return what is at a URL.

        Raises:
            Refused: ``UNREACHABLE`` or ``OVERSIZED``.
        """
        headers = {"Accept": "application/json"}
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        try:
            self._called.add(self._outbound.destination(url, self._whose))
            response = await self._outbound.get(
                url, headers=headers, max_bytes=max_bytes, whose=self._whose
            )
        except (CircuitOpen, OutboundFailed, OutboundRefused) as error:
            raise _refused(error) from error
        return _read(response)

    async def post(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> Answer:
        """Return the answer to a form.

        Raises:
            Refused: ``UNREACHABLE`` or ``OVERSIZED``.
        """
        usual = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            self._called.add(self._outbound.destination(url, self._whose))
            response = await self._outbound.post(
                url,
                content=encode(form).encode(),
                headers=usual | dict(headers),
                max_bytes=MAX_BYTES,
                apart=False,
                whose=self._whose,
            )
        except (CircuitOpen, OutboundFailed, OutboundRefused) as error:
            raise _refused(error) from error
        return _read(response)


def _refused(error: CircuitOpen | OutboundFailed | OutboundRefused) -> Refused:
    is_too_long = isinstance(error, OutboundFailed) and error.is_too_long
    reason = Reason.OVERSIZED if is_too_long else Reason.UNREACHABLE
    return Refused(reason, shown(error.hint))


def _read(response: OutboundResponse) -> Answer:
    """Return an answer; what cannot be written again is no JSON to anybody.

    It may nest deeper than Python can show it, and what is wrong has to be shown.
    """
    try:
        content = orjson.loads(response.body)
        orjson.dumps(content)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        content = None
    return Answer(response.status, content)
