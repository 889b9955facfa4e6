"""A device shows a code, and its person answers at ``/device``: typed, or by a link."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from app.services.server.runtime import Runtime
from tests.device_code.devices import GRANTS
from tests.e2e.manners import MANNERS
from tests.e2e.visitor import Visitor
from tests.factories.oauth import ApplicationFactory
from tests.support.api import PASSWORD

PLACES = MANNERS | {"arabic": {"locale": "ar"}}


async def device(runtime: Runtime, home: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return what a device polls with, and what it was told."""
    app = await ApplicationFactory(runtime).public(
        grant_types=list(GRANTS),
        redirect_uris=[],
        client_name="Console tool",
        client_uri="https://tool.example/",
    )
    client_id = {"client_id": app.client_id}
    async with AsyncClient(base_url=home, timeout=60) as http:
        form = client_id | {"scope": "openid email offline_access"}
        told = (await http.post("/oauth2/device_authorization", data=form)).json()
    poll = {"grant_type": GRANTS[0], "device_code": told["device_code"]}
    return client_id | poll, told


async def polled(home: str, form: dict[str, str]) -> Any:
    """Return what the device is told."""
    async with AsyncClient(base_url=home, timeout=60) as http:
        return (await http.post("/oauth2/token", data=form)).json()


@pytest.mark.parametrize("place", list(PLACES))
async def test_a_code_is_typed_and_the_device_is_let_in(
    newcomer: Any, runtime: Runtime, place: str
) -> None:
    person: Visitor = await newcomer(f"typed-{place}@example.com", **PLACES[place])
    person.by_keyboard = place == "keyboard"
    form, told = await device(runtime, person.home)

    await person.go("/device")
    assert person.path == "/signin?to=device"
    await person.fill("#email", person.email)
    await person.fill("#password", PASSWORD)
    await person.submit("main form button[type=submit]")
    assert person.path == "/device"
    await person.picture(f"device-{place}")
    await person.fill("#user_code", told["user_code"].lower())
    await person.submit("main form button")
    assert person.path.startswith("/consent?flow=")
    await person.picture(f"device-consent-{place}")
    assert told["user_code"] in await person.text()
    await person.submit("button[value=allow]")
    assert person.path == "/done/device-connected"

    assert "access_token" in await polled(person.home, form)


async def test_a_link_is_confirmed_and_the_device_turned_away(
    newcomer: Any, runtime: Runtime
) -> None:
    person: Visitor = await newcomer("linked@example.com")
    form, told = await device(runtime, person.home)
    await person.sign_in()

    await person.go(told["verification_uri_complete"].removeprefix(person.home))
    await person.picture("device-linked")
    assert await person.page.input_value("#user_code") == told["user_code"]
    await person.press("Continue")
    await person.press("Deny")

    assert person.path == "/done/device-denied"
    await person.look()
    assert (await polled(person.home, form))["error"] == "access_denied"
