"""Who vouches for a client, for how long, and for which places (ADR-0014)."""

from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from app.services.clients.registration import OAuthRegistrationService
from app.services.server.runtime import Runtime
from tests.factories.oauth import Application, ApplicationFactory
from tests.support.api import Api
from tests.support.authorization import AUTHORIZE, Visit
from tests.support.registration import manage, options_of, register
from tests.support.stranger import (
    CALLBACK,
    MALFORMED,
    STRANGER,
    asked,
    is_led,
    is_withheld,
    stranger,
)


@pytest.fixture
def options() -> dict[str, object]:
    return options_of("open")


async def _approved(api: Api, client_id: str) -> None:
    admin = await api.admin()
    change = {"vouched_by": "administrator"}
    answer = await api.patch(f"/clients/{client_id}", change, admin)
    assert answer.json()["vouched_by"] == "administrator"


async def test_an_administrator_vouches_for_a_client_and_no_more(
    api: Api, client: AsyncClient, browser: Visit
) -> None:
    app, query = await stranger(client), {"scope": MALFORMED}
    admin = await api.admin()
    url = f"/clients/{app.client_id}"

    made = (await api.get(url, admin)).json()
    await api.patch(url, {"vouched_by": "administrator"}, admin)
    promoted = await browser.get(AUTHORIZE, asked(app, **query))
    await api.patch(url, {"vouched_by": "nobody"}, admin)
    demoted = await browser.get(AUTHORIZE, asked(app, **query))
    odd = await api.patch(url, {"vouched_by": "registration_token"}, admin)

    assert made["vouched_by"] == "nobody" and made["is_self_registered"]
    assert is_led(promoted) and is_withheld(demoted)
    assert odd.status_code == 422


async def test_what_was_approved_was_the_places_of_then(
    api: Api, client: AsyncClient, runtime: Runtime
) -> None:
    told = await register(client, **STRANGER)
    own = STRANGER | {"client_id": told["client_id"]}
    await _approved(api, told["client_id"])

    async def vouched(change: dict[str, Any]) -> bool:
        assert (await manage(client, "PUT", told, own | change)).status_code == 200
        found = await runtime.clients.by_client_id(told["client_id"])
        assert found is not None
        return found.is_vouched_for

    assert await vouched({"client_name": "New"})
    assert await vouched({"redirect_uris": [f"{CALLBACK}/2"]})
    assert not await vouched({"redirect_uris": [CALLBACK, "https://worse.example/"]})
    assert not await vouched({})  # an approval that ended does not come back
    await _approved(api, told["client_id"])
    assert not await vouched({"post_logout_redirect_uris": ["http://127.0.0.1:1/x"]})


@pytest.mark.parametrize("mode", ["token", "open"])
async def test_an_initial_access_token_vouches_unless_it_says_otherwise(
    client: AsyncClient, runtime: Runtime, browser: Visit, mode: str
) -> None:
    """The conformance suite brings one; its clients keep every protocol answer."""
    object.__setattr__(runtime.settings.oauth, "registration", mode)
    async with runtime.unit_of_work() as uow:
        service = OAuthRegistrationService(uow, runtime)
        good = await service.issue_token(3_600)
        plain = await service.issue_token(3_600, vouches=False)
        gone = await service.issue_token(3_600)
        await service.revoke_token(gone)

    async def made(token: str) -> Application | None:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.post("/oauth2/register", json=STRANGER, headers=headers)
        return Application(answer.json()["client_id"]) if answer.is_success else None

    async def answered(token: str) -> Response:
        app = await made(token)
        assert app is not None
        return await browser.get(AUTHORIZE, asked(app, prompt="none"))

    assert is_led(await answered(good))
    assert is_withheld(await answered(plain))
    if mode == "token":
        assert await made(gone) is None
    else:
        assert is_withheld(await answered(gone))


@pytest.mark.parametrize(
    ("column", "is_self_registered", "is_vouched"),
    [
        (None, False, True),
        (None, True, False),
        ("nobody", False, False),
        ("nobody", True, False),
        ("administrator", True, True),
        ("registration_token", True, True),
        ("somebody", False, False),
    ],
)
async def test_a_row_that_does_not_say_who_vouches_is_read_narrowly(
    runtime: Runtime,
    applications: ApplicationFactory,
    column: str | None,
    is_self_registered: bool,
    is_vouched: bool,
) -> None:
    """The release before writes rows without a voucher beside this one."""
    app = await applications(
        columns={"vouched_by": column, "is_self_registered": is_self_registered}
    )

    found = await runtime.clients.by_client_id(app.client_id)

    assert found is not None and found.is_vouched_for is is_vouched
