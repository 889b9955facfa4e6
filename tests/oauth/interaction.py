"""Decisions of the engine: who is signed in, when, and what is asked for."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from app.oauth.clients.client import Client
from app.oauth.interaction import ConsentState, SignedInState, Step, decide
from tests.oauth.authorization import a_client, read

ARRIVED = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW = ARRIVED + timedelta(minutes=5)
FIRST_PARTY = a_client(is_first_party=True)
AGREED = ConsentState(is_given=True)


def session(seconds: float = -3_600, **members: Any) -> SignedInState:
    """Return somebody who signed in so long after the request arrived."""
    defaults: dict[str, Any] = {
        "subject": "jane",
        "authenticated_at": ARRIVED + timedelta(seconds=seconds),
        "acr": "1",
    }
    return SignedInState(**defaults | members)


def decided(
    who: SignedInState | None,
    *,
    client: Client = FIRST_PARTY,
    consent: ConsentState | None = None,
    hinted: str | None = None,
    **parameters: Any,
) -> Step:
    """Return the step that is due."""
    return decide(
        read(client, **parameters),
        who,
        consent or ConsentState(),
        NOW,
        arrived_at=ARRIVED,
        hinted_subject=hinted,
    )


def wish(name: str, **members: Any) -> str:
    """Return a ``claims`` parameter about the ID token."""
    return json.dumps({"id_token": {name: members}})
