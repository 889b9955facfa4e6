"""People who type codes of devices at a browser."""

from typing import Any

from tests.device_code.devices import Device
from tests.support.api import Api, Person
from tests.support.authorization import Visit, at


async def typed(browser: Visit, code: str) -> Any:
    """Open the page and send a code."""
    await browser.get("/device")
    return await browser.post("/device", {"user_code": code})


async def at_consent(api: Api, browser: Visit, device: Device) -> Person:
    """Sign in and come as far as the question."""
    person = await api.person()
    await browser.arrive(person.email)
    await typed(browser, device.user_code)
    assert at(browser.page) == "/consent"
    return person


def shows(answer: Any) -> str:
    """Return the page of a refused code."""
    assert answer.status_code == 400
    assert answer.request.url.path == "/device"
    return str(answer.text)
