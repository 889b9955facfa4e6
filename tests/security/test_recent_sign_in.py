"""What only the owner may do wants a sign-in, not just a session that lives on."""

from typing import Any

import pytest
from httpx2 import Response

from app.services.server.runtime import Runtime
from tests.http.test_api_document import document
from tests.support.api import Api, Person
from tests.support.chance import FakeClock
from tests.support.tables import contents

Operation = tuple[str, str]
BODIES: dict[Operation, Any] = {
    ("delete", "/users/me"): None,
    ("post", "/users/me/email"): {"email": "new@example.com"},
}
each_operation = pytest.mark.parametrize("operation", sorted(BODIES), ids=" ".join)


async def send(api: Api, operation: Operation, person: Person) -> Response:
    method, path = operation
    return await api.client.request(
        method, f"/api/v1{path}", json=BODIES[operation], headers=person.headers
    )


async def refreshed(api: Api, person: Person) -> Person:
    """Return the person with an access token of this moment, not signed in anew."""
    body = {"refresh_token": person.tokens["refresh_token"]}
    answer = await api.post("/auth/refresh", body)
    assert answer.status_code == 200
    return Person(person.id, person.email, answer.json())


def test_every_operation_that_documents_it_is_tried_here() -> None:
    found = {
        (method, path.removeprefix("/api/v1"))
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if "`reauthentication_required`"
        in operation["responses"].get("403", {}).get("description", "")
    }

    assert found == BODIES.keys()


@each_operation
async def test_t103_a_session_without_a_recent_sign_in_is_not_enough(
    api: Api, runtime: Runtime, clock: FakeClock, operation: Operation
) -> None:
    person = await api.person()
    clock.advance(seconds=runtime.settings.session.recent_ttl + 1)
    stale = await refreshed(api, person)
    before = await contents(runtime)

    refused = await send(api, operation, stale)
    unchanged = await contents(runtime) == before
    done = await send(api, operation, await api.signed_in(person))

    assert refused.status_code == 403
    assert refused.json()["code"] == "reauthentication_required"
    assert unchanged
    assert done.status_code in (202, 204)


@each_operation
async def test_t103_a_sign_in_is_recent_up_to_its_last_second(
    api: Api, runtime: Runtime, clock: FakeClock, operation: Operation
) -> None:
    person = await api.person()
    clock.advance(seconds=runtime.settings.session.recent_ttl)

    answer = await send(api, operation, await refreshed(api, person))

    assert answer.status_code in (202, 204)


async def test_t103_signing_in_anew_is_throttled_inside_a_session_too(
    api: Api,
) -> None:
    person = await api.person()

    statuses = [(await api.login(person.email, "wrong")).status_code for _ in range(50)]

    assert statuses == [401] * 10 + [429] * 40
    assert (await api.get("/users/me", person)).status_code == 200
