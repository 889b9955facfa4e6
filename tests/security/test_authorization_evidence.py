"""Refused authorization requests: counted, and kept as evidence for operators.

One database is enough: what is refused is decided by Python alone.
"""

from typing import Any

import pytest
from httpx2 import Response

from tests.factories.oauth import REDIRECT_URI, Application, ApplicationFactory
from tests.support.api import Api
from tests.support.authorization import EVIL, Visit, evidence, told


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite; `tests/provider/test_authorize.py` asks both engines."""
    return sqlite_url


@pytest.mark.parametrize("options", [{"limits": {"authorize_address": "2/60"}}])
async def test_t172_requests_of_an_address_are_counted(
    browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications()

    answers = [await browser.ask(shop, redirect_uri=EVIL) for _ in range(2)]
    answers.append(await browser.ask(shop))

    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


@pytest.mark.parametrize("options", [{"limits": {"refusal_address": "1/60"}}])
async def test_refusals_are_evidence_as_far_as_there_is_room(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications()
    first = await browser.ask(shop, redirect_uri=EVIL)
    second = await browser.ask(shop, redirect_uri=EVIL)

    kept = [
        len(await evidence(api.runtime, answer.headers["x-request-id"]))
        for answer in (first, second)
    ]

    assert kept == [1, 0]


async def test_an_operator_finds_the_difference_under_the_number_that_was_shown(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    admin, shop = await api.admin(), await applications(scope="openid")
    shown = await browser.ask(shop, redirect_uri=f"{REDIRECT_URI}/")
    sent = await browser.ask(shop, scope="openid email", prompt="none")
    unknown = await browser.ask(Application("nobody"))

    async def found(answer: Response) -> dict[str, Any]:
        number = answer.headers["x-request-id"]
        path = f"/audit-events?correlation_id={number}"
        [event] = (await api.get(path, admin)).json()["items"]
        assert event["name"] == "oauth.authorization_refused"
        data: dict[str, Any] = event["data"]
        return data

    assert shown.headers["x-request-id"] in shown.text
    difference = await found(shown)
    assert difference["client_id"] == shop.client_id
    assert f"sent '{REDIRECT_URI}/'; registered '{REDIRECT_URI}'" in difference["hint"]
    assert "differs in path ('/cb/' for '/cb')" in difference["hint"]
    assert sent.headers["x-request-id"] in told(sent)["error_description"]
    assert (await found(sent))["error"] == told(sent)["error"]
    assert (await found(sent))["hint"] == "not registered for email"
    assert await found(unknown) == {
        "client_id": None,
        "error": "invalid_request",
        "hint": "sent 'nobody'",
    }
