"""At which application somebody began what a mail ends (ADR-0026).

A mail is opened hours later, and often elsewhere. Its token remembers who asked, so
that the person is led back: to the flow where that still waits in this very browser, to
the application's own registered address everywhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypedDict
from uuid import UUID

_KEY = "begun_at"  # in the data of a token


class Told(TypedDict, total=False):
    """What an event keeps of it, for a mail without a token."""

    client_id: str
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunAt:
    """An application, and what waits for it.

    Attributes:
        client_id: Which; whether it still exists is seen when it is shown.
        redirect_uri: Where its answer would have gone; empty where it asked for none.
        flow_id: What waited when it began; whether it still does, and in whose browser,
            is for ``OAuthFlowService`` to say.
    """

    client_id: str
    redirect_uri: str = ""
    flow_id: UUID | None = None

    def data(self) -> dict[str, Any]:
        """Return what a one-time token keeps of it; nothing of it opens anything."""
        flow = self.flow_id.hex if self.flow_id else None
        kept = {"client_id": self.client_id, "redirect_uri": self.redirect_uri}
        return {_KEY: kept | {"flow": flow}}

    @classmethod
    def read_told(cls, told: Mapping[str, Any]) -> Self | None:
        """Return what an event keeps; None if it was begun nowhere."""
        client_id, redirect_uri = told.get("client_id"), told.get("redirect_uri")
        if not client_id:
            return None
        return cls(client_id=client_id, redirect_uri=redirect_uri or "")

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self | None:
        """Return what a token keeps; None if it was begun nowhere."""
        kept = data.get(_KEY)
        if kept is None:
            return None
        return cls(
            client_id=kept["client_id"],
            redirect_uri=kept["redirect_uri"],
            flow_id=UUID(hex=kept["flow"]) if kept["flow"] else None,
        )


def told(begun_at: BegunAt | None) -> Told:
    """Return what an event keeps of where somebody was on the way to."""
    if begun_at is None:
        return {}
    return {"client_id": begun_at.client_id, "redirect_uri": begun_at.redirect_uri}
