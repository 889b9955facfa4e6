"""Parameters that a route does not know: refused by the JSON API, ignored elsewhere."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from fastapi.routing import APIRoute

from app.api.v1 import routes
from app.core.late.wing import unfolded
from tests.support.api import Api

LIST = {"cursor", "limit"}
USERS = {"created_since", "created_until", "email_verified", "group", "q", "role"} | {
    *("second_factor", "sort", "status")
}
KNOWN = {
    "GET /api/v1/attributes": LIST,
    "GET /api/v1/audit-events": LIST
    | {"actor_id", "client_id", "correlation_id", "event", "name", "since", "until"}
    | {"user_id"},
    "GET /api/v1/clients": LIST | {"owner_id"},
    "GET /api/v1/clients/client_id/preview": {"resource", "scope", "user_id"},
    "GET /api/v1/groups": LIST,
    "GET /api/v1/groups/group_id/members": LIST,
    "GET /api/v1/audit-events/export": {"format", "since", "until"},
    "GET /api/v1/audit-events/stream": {"after"},
    "GET /api/v1/keys": LIST,
    "POST /api/v1/keys/rotate": {"algorithm", "now"},
    "GET /api/v1/outbox": LIST | {"state"},
    "GET /api/v1/protected-hosts": LIST,
    "GET /api/v1/resources": LIST,
    "GET /api/v1/roles": LIST,
    "GET /api/v1/statistics": {"by"},
    "GET /api/v1/trusted-issuers": LIST,
    "GET /api/v1/users": LIST | USERS,
    "GET /api/v1/users/x/connections": LIST,
    "DELETE /api/v1/users/x/connections/link_id": {"even_last"},
    "GET /api/v1/users/x/groups": LIST,
    "GET /api/v1/users/x/tokens": LIST,
    "GET /api/v1/users/me/tokens": LIST,
    "GET /api/v1/users/me/activity": LIST,
    "GET /api/v1/users/me/consents": LIST,
    "GET /api/v1/users/me/devices": LIST,
    "GET /api/v1/users/me/sessions": LIST,
    "GET /api/v1/connections": LIST,
    "GET /api/v1/connections/connection_id/domains": LIST,
    "GET /api/v1/connections/connection_id/syncs": LIST,
    "GET /api/v1/webhooks": LIST,
    "GET /api/v1/webhooks/webhook_id/deliveries": LIST | {"state"},
}
TAKEN = {"limit": "1", "by": "day", "format": "jsonl", "after": str(UUID(int=1))}


def every_route() -> Iterator[tuple[str, str]]:
    """Yield method and path of every route, with something in each place."""
    for route in unfolded(routes):
        assert isinstance(route, APIRoute)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            path = re.sub(r"{\w+:uuid}", str(UUID(int=1)), route.path)
            path = path.replace("{user_id}", "x").replace("{", "").replace("}", "")
            yield method, path


async def test_every_route_of_the_api_refuses_what_it_does_not_know(api: Api) -> None:
    answers = {
        f"{method} {path}": await api.client.request(method, f"{path}?lmit=1&x")
        for method, path in every_route()
    }

    assert len(answers) > 50
    lenient = {name for name, got in answers.items() if got.status_code != 422}
    assert lenient == set()
    for answer in answers.values():
        fields = [error["field"] for error in answer.json()["errors"]]
        assert fields == ["lmit", "x"]
        assert answer.json()["errors"][0]["code"] == "unknown_parameter"


async def test_which_parameters_there_are_is_told_and_is_decided_here(api: Api) -> None:
    told = {}
    for method, path in every_route():
        answer = await api.client.request(method, f"{path}?lmit=1")
        offer = answer.json()["errors"][0]["message"].rpartition(": ")[2]
        if offer != "none":
            told[f"{method} {path}"] = set(offer.split(", "))

    assert told == KNOWN


async def test_what_is_known_is_taken(api: Api) -> None:
    root = await api.admin()

    for name, known in KNOWN.items():
        method, _, path = name.partition(" ")
        path = path.removeprefix("/api/v1")
        if method != "GET" or "/x/" in path or "_id/" in path or "tokens" in path:
            continue  # of nobody, or of what is switched off
        asked = next(f"{name}={TAKEN[name]}" for name in TAKEN if name in known)
        assert (await api.get(f"{path}?{asked}", root)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/openid-configuration?x=1",
        "/.well-known/jwks.json?x=1",
        "/health/live?x=1",
        "/signin?x=1",
        "/oauth2/logout?x=1",
    ],
)
async def test_protocols_and_pages_ignore_what_they_do_not_know(
    api: Api, path: str
) -> None:
    """RFC 6749 §3.1: unrecognized parameters are ignored."""
    assert (await api.client.get(path)).status_code == 200
