"""What only the owner may do wants a sign-in, not just a session that lives on."""

from typing import Any
from uuid import UUID

import pytest
from httpx2 import Response

from app.services.server.runtime import Runtime
from tests.factories.factor import Authenticator, FactorFactory
from tests.http.test_api_document import document
from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock
from tests.support.tables import contents

Operation = tuple[str, str]
CONFIRM_TOTP: Operation = "post", "/users/me/totp/confirm"
CHANGE_PASSWORD: Operation = "post", "/auth/change-password"
BODIES: dict[Operation, Any] = {
    ("delete", "/users/me"): None,
    ("delete", "/users/me/totp"): None,
    ("post", "/users/me/email"): {"email": "new@example.com"},
    ("delete", "/users/{user_id}"): None,
    ("patch", "/users/{user_id}"): {"email": "new@example.com"},
    CHANGE_PASSWORD: {
        "current_password": PASSWORD,
        "new_password": "another horse battery",
    },
    ("delete", "/users/me/passkeys/{passkey_id}"): None,
    ("post", "/users/me/passkeys"): {"response": {}},
    ("post", "/users/me/passkeys/options"): None,
    ("post", "/users/me/recovery-codes"): None,
    ("post", "/users/me/totp"): None,
    ("post", "/users/me/tokens"): {
        "name": "Backup",
        "scopes": ["account:read"],
        "expires_at": "2100-01-01T00:00:00Z",
    },
    CONFIRM_TOTP: {"code": "123456"},
}
# What a person without factors gets who may ask; the others do what they are for.
REFUSED = {
    ("delete", "/users/me/totp"): "factor_not_found",
    ("delete", "/users/me/passkeys/{passkey_id}"): "factor_not_found",
    ("post", "/users/me/passkeys"): "refused_passkey",
    ("post", "/users/me/recovery-codes"): "no_second_factor",
    CONFIRM_TOTP: "invalid_code",
}
each_operation = pytest.mark.parametrize("operation", sorted(BODIES), ids=" ".join)
# The password that a change asks for is all that an account of one factor has.
each_of_one_factor = pytest.mark.parametrize(
    "operation", sorted(BODIES.keys() - {CHANGE_PASSWORD}), ids=" ".join
)


@pytest.fixture
def options() -> dict[str, object]:
    """Tokens may be made, and live until a day that no clock of a test comes to."""
    return {"personal_tokens": {"enabled": True, "max_ttl": 3_000_000_000}}


async def send(api: Api, operation: Operation, person: Person) -> Response:
    method, path = operation
    path = path.format(user_id=person.id, passkey_id=UUID(int=1))
    return await api.client.request(
        method, f"/api/v1{path}", json=BODIES[operation], headers=person.headers
    )


async def owner(api: Api) -> Person:
    """Return somebody who may also change accounts by their id, and so their own."""
    await api.admin()  # another one, so that whoever deletes theirs is not the last
    return await api.admin()


def assert_admitted(answer: Response, operation: Operation) -> None:
    """Demand that it was done, or refused for what it was about."""
    if operation in REFUSED:
        assert answer.json()["code"] == REFUSED[operation]
    else:
        assert answer.status_code in (200, 201, 202, 204)


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


@each_of_one_factor
async def test_t103_a_session_without_a_recent_sign_in_is_not_enough(
    api: Api, runtime: Runtime, clock: FakeClock, operation: Operation
) -> None:
    person = await owner(api)
    clock.advance(seconds=runtime.settings.session.recent_ttl + 1)
    stale = await refreshed(api, person)
    before = await contents(runtime)

    refused = await send(api, operation, stale)
    unchanged = await contents(runtime) == before
    done = await send(api, operation, await api.signed_in(person))

    assert refused.status_code == 403
    assert refused.json()["code"] == "reauthentication_required"
    assert unchanged
    assert_admitted(done, operation)


@each_operation
async def test_t103_a_sign_in_is_recent_up_to_its_last_second(
    api: Api, runtime: Runtime, clock: FakeClock, operation: Operation
) -> None:
    person = await owner(api)
    clock.advance(seconds=runtime.settings.session.recent_ttl)

    answer = await send(api, operation, await refreshed(api, person))

    assert_admitted(answer, operation)


async def test_t103_signing_in_anew_is_throttled_inside_a_session_too(
    api: Api,
) -> None:
    person = await api.person()

    statuses = [(await api.login(person.email, "wrong")).status_code for _ in range(50)]

    assert statuses == [401] * 10 + [429] * 40
    assert (await api.get("/users/me", person)).status_code == 200


@pytest.fixture(params=["totp", "passkey"])
def factor(request: pytest.FixtureRequest) -> str:
    """A second factor that an account may have."""
    return str(request.param)


async def refusal_of_one_factor(api: Api, operation: Operation, person: Person) -> str:
    """Return the code of the refusal, of a fresh session that only one factor began."""
    before = await contents(api.runtime)
    answer = await send(api, operation, person)
    assert await contents(api.runtime) == before
    assert answer.status_code == 403
    return str(answer.json()["code"])


@each_operation
async def test_a_fresh_session_of_one_factor_does_not_stand_for_two(
    api: Api, runtime: Runtime, operation: Operation, factor: str
) -> None:
    person = await owner(api)
    await getattr(FactorFactory(runtime), factor)(person.id)

    refusal = await refusal_of_one_factor(api, operation, person)

    assert refusal == "reauthentication_required"


@each_operation
async def test_a_sign_in_with_both_factors_does_while_it_is_fresh(
    api: Api, runtime: Runtime, clock: FakeClock, operation: Operation
) -> None:
    person = await owner(api)
    app = await FactorFactory(runtime).totp(person.id)
    person = await signed_in_by_both(api, person, app)
    clock.advance(seconds=runtime.settings.session.recent_ttl + 1)
    stale = await send(api, operation, await refreshed(api, person))
    again = await signed_in_by_both(api, person, app)

    done = await send(api, operation, again)

    assert stale.json()["code"] == "reauthentication_required"
    # Nothing waits for this code or passkey, and there is no such passkey.
    if operation == CONFIRM_TOTP or "/users/me/passkeys" in operation[1]:
        assert_admitted(done, operation)
    else:
        assert done.status_code in (200, 201, 202, 204)


async def signed_in_by_both(api: Api, person: Person, app: Authenticator) -> Person:
    """Return the person in a session that password and code began."""
    begun = (await api.login(person.email)).json()
    body = {"mfa_token": begun["mfa_token"], "factor": "totp", "code": app.code}
    answer = await api.post("/auth/mfa", body)
    assert answer.status_code == 200
    return Person(person.id, person.email, answer.json())


async def test_recovery_codes_alone_are_no_second_factor(
    api: Api, runtime: Runtime
) -> None:
    person = await owner(api)
    await FactorFactory(runtime).recovery_codes(person.id)

    answer = await send(api, ("post", "/users/me/email"), person)

    assert answer.status_code == 202


async def test_a_stale_administrator_changes_other_accounts_all_the_same(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    admin, other = await api.admin(), await api.person()
    clock.advance(seconds=runtime.settings.session.recent_ttl + 1)
    admin = await refreshed(api, admin)

    moved = await api.patch(f"/users/{other.id}", {"email": "x@example.com"}, admin)
    own_name = await api.patch(f"/users/{admin.id}", {"name": "Ann"}, admin)

    assert (moved.status_code, own_name.status_code) == (200, 200)
