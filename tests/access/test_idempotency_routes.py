"""``Idempotency-Key``: each POST of the API takes it, or it is said here why not."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import func, select

from app.config import Settings
from app.main import create_app
from app.models.idempotency_key import IdempotencyKey
from app.models.outgoing.webhook import WebhookDelivery
from app.services.server.idempotency_key import SEALED
from app.services.server.runtime import Runtime
from tests.conftest import SECRET
from tests.factories.authenticator import Authenticator
from tests.factories.factor import FactorFactory
from tests.support.api import Api, Person
from tests.support.chance import FakeClock

ORIGIN = "http://localhost:8000"
ME = "/api/v1/users/me"
# Every other POST, by why the same request may come twice without its key.
WITHOUT_KEY = {
    "what it redeems works once; the second is told so": {
        *("/auth/email-code/verify", "/auth/factors/recover/finish"),
        *("/auth/factors/recover/stop", "/auth/mfa", "/auth/not-me"),
        *("/auth/passkey/verify", "/auth/reset-password", "/auth/verify-email"),
        *("/users/me/email/confirm", "/users/me/totp/confirm"),
    },
    "refresh tokens have their own answer to a repetition (ADR-0020)": {
        "/auth/refresh"
    },
    "it asks for a mail: the link of before ends, recipients have a limit": {
        *("/auth/email-code", "/auth/factors/recover", "/auth/forgot-password"),
        *("/auth/resend-verification", "/users/me/email"),
        "/users/{user_id}/password-reset",
    },
    "it asks for a challenge, which ends unused": {
        *("/auth/mfa/options", "/auth/mfa/totp", "/auth/passkey/options"),
        "/users/me/passkeys/options",
    },
    "it begins a session of its own: whoever asks again is signed in again": {
        "/auth/login"
    },
    "it says how things shall be, and they are no other the second time": {
        *("/auth/change-password", "/auth/logout", "/outbox/{message_id}/give-up"),
        *("/outbox/{message_id}/retry", "/users/{user_id}/sessions/revoke"),
    },
    "it only looks, and tells what it sees now": {
        "/connections/{connection_id}/domains/{domain_id}/verify",
        *("/connections/{connection_id}/test", "/trusted-issuers/{name}/test"),
    },
}


def _takes_key(operation: dict[str, Any]) -> bool:
    names = {each["name"].lower() for each in operation.get("parameters", ())}
    return "idempotency-key" in names


def test_every_post_takes_the_key_or_it_is_said_why_not() -> None:
    chosen = Settings.model_validate({"secret_key": SECRET, "jobs": False})
    posts = {
        path.removeprefix("/api/v1"): operations["post"]
        for path, operations in create_app(chosen).openapi()["paths"].items()
        if path.startswith("/api/v1/") and "post" in operations
    }

    without = {path for path, post in posts.items() if not _takes_key(post)}

    said = set().union(*WITHOUT_KEY.values())
    assert len(posts) > 40
    assert sum(map(len, WITHOUT_KEY.values())) == len(said)
    assert without == said
    made = {path for path, post in posts.items() if "201" in post["responses"]}
    assert not made & said


@pytest.fixture
def options() -> dict[str, object]:
    return {"personal_tokens": {"enabled": True}}


@pytest.fixture
async def admin(api: Api) -> Person:
    return await api.admin()


async def send(api: Api, who: Person, path: str, body: Any = None) -> Response:
    """Post with the key that all of these tests use."""
    headers = who.headers | {"Idempotency-Key": "once"}
    return await api.client.post(path, json=body, headers=headers)


async def entered(api: Api, person: Person, held: Authenticator) -> Person:
    """Sign somebody in with a passkey."""
    asked = (await api.post("/auth/passkey/options")).json()
    answer = await api.post("/auth/passkey/verify", {"response": held.get(asked)})
    return Person(person.id, person.email, answer.json())


async def kept(runtime: Runtime) -> str:
    """Return what is stored of the only answer."""
    async with runtime.database.session(read_only=True) as db:
        row = (await db.scalars(select(IdempotencyKey))).one()
        return row.body


async def test_a_personal_token_is_made_once_and_kept_sealed(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    person = await api.person()
    ends = (clock.now() + timedelta(days=7)).isoformat()
    body = {"name": "CI", "scopes": ["account:read"], "expires_at": ends}

    first, again = [await send(api, person, f"{ME}/tokens", body) for _ in range(2)]
    other = await send(api, person, f"{ME}/tokens", body | {"name": "Other"})
    session = await api.signed_in(person)
    elsewhere = await send(api, session, f"{ME}/tokens", body)

    assert first.status_code == 201, first.text
    assert (again.status_code, again.text) == (201, first.text)
    assert other.json()["code"] == "idempotency_key_reused"
    assert elsewhere.json()["token"] != first.json()["token"]  # another session's
    assert len((await api.get("/users/me/tokens", person)).json()["items"]) == 2
    async with runtime.database.session(read_only=True) as db:
        stored = (await db.scalars(select(IdempotencyKey.body))).all()
    assert len(stored) == 2 and all(each.startswith(SEALED) for each in stored)


@pytest.mark.parametrize("path", ["totp", "recovery-codes"])
async def test_what_a_factor_shows_once_is_shown_again_to_its_request(
    api: Api, runtime: Runtime, path: str
) -> None:
    person = await api.person()
    person = await entered(api, person, await FactorFactory(runtime).passkey(person.id))

    first, again = [await send(api, person, f"{ME}/{path}") for _ in range(2)]

    assert first.status_code == 200, first.text
    assert (again.status_code, again.text) == (200, first.text)
    assert (await kept(runtime)).startswith(SEALED)


async def test_a_passkey_is_added_once(api: Api) -> None:
    person, held = await api.person(), Authenticator(ORIGIN)
    options = (await api.post("/users/me/passkeys/options", None, person)).json()
    body = {"response": held.create(options), "name": "Mine"}

    first = await send(api, person, f"{ME}/passkeys", body)
    strong = await entered(api, person, held)  # as who has a passkey must be by now
    again = await send(api, strong, f"{ME}/passkeys", body)
    other = await send(api, strong, f"{ME}/passkeys", body | {"name": "Other"})

    assert first.status_code == 201, first.text
    assert (again.status_code, again.text) == (201, first.text)
    assert other.json()["code"] == "idempotency_key_reused"


async def test_a_webhook_gets_one_new_secret_one_test_and_one_replay(
    api: Api, admin: Person, runtime: Runtime, clock: FakeClock
) -> None:
    hook = {"url": "https://hooks.example/", "events": ["role.*"]}
    made = (await api.post("/webhooks", hook, admin)).json()
    await api.post("/roles", {"name": "told"}, admin)
    path = f"/api/v1/webhooks/{made['id']}"

    async def both(name: str, body: Any = None) -> tuple[Response, Response]:
        first, again = [
            await send(api, admin, f"{path}/{name}", body) for _ in range(2)
        ]
        assert first.is_success, first.text
        assert (again.status_code, again.text) == (first.status_code, first.text)
        return first, again

    first, again = await both("rotate-secret", {"overlap": 60})
    assert (await kept(runtime)).startswith(SEALED)
    seen = await api.get(f"/webhooks/{made['id']}", admin)
    assert first.headers["etag"] == seen.headers["etag"]
    assert "etag" not in again.headers  # by now another may have changed it
    await both("test")
    clock.advance(seconds=1)
    replayed, _ = await both("replay", {"since": made["created_at"]})
    async with runtime.database.session(read_only=True) as db:
        query = select(func.count()).select_from(WebhookDelivery)
        assert await db.scalar(query) == 1 + replayed.json()["count"]
    assert replayed.json()["count"] == 1


async def test_who_may_not_read_events_any_more_is_shown_no_secret_again(
    api: Api,
) -> None:
    role = {"name": "hooks", "permissions": ["webhooks:write", "audit:read"]}
    root = await api.admin()
    await api.post("/roles", role, root)
    person = await api.person("hooks")
    made = await api.post(
        "/webhooks", {"url": "https://hooks.example/", "events": ["role.*"]}, person
    )
    path = f"/api/v1/webhooks/{made.json()['id']}/rotate-secret"
    checked = path.replace("rotate-secret", "test")
    first = await send(api, person, path, {"overlap": 60})
    sent = await send(api, person, checked)
    await api.patch("/roles/hooks", {"permissions": ["webhooks:write"]}, root)

    again = await send(api, person, path, {"overlap": 60})
    sent_again = await send(api, person, checked)

    assert (first.status_code, again.status_code) == (200, 403), first.text
    assert (sent.status_code, sent_again.status_code) == (202, 403), sent.text
    assert "whsec" not in again.text


async def test_keys_are_rotated_once(api: Api, admin: Person) -> None:
    path = "/api/v1/keys/rotate"

    first = await send(api, admin, path)
    again = await send(api, admin, path)
    other = await send(api, admin, f"{path}?algorithm=RS256")
    counted = (await api.get("/keys", admin)).json()["items"]

    assert first.status_code == 202, first.text
    assert (again.status_code, again.text) == (202, first.text)
    assert other.status_code == 202
    assert len(counted) == len(other.json()["items"]) > len(first.json()["items"])
