"""What waits while somebody signs in: carried, stored within bounds, answered once."""

import json
import zlib
from base64 import urlsafe_b64decode
from dataclasses import replace
from secrets import token_urlsafe
from typing import Any

import pytest

from app.core.rate_limit import Limit
from app.models import OneTimeToken
from app.services.server.runtime import Runtime
from tests.factories.oauth import (
    ApplicationFactory,
)
from tests.support.api import Api
from tests.support.authorization import Visit, id_token, rows, told, trusted
from tests.support.chance import FakeClock
from tests.support.page import Page


async def test_a_flow_holds_no_secret(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await trusted(applications)
    await browser.arrive(person.email)
    hint = (await id_token(api, shop, await browser.ask(shop)))[""]

    mistake = {"client_secret": shop.secret, "password": "hunter2"}
    await browser.ask(shop, prompt="login", id_token_hint=hint, **mistake)

    name = Page(browser.page.text).inputs["flow"]["value"] or ""
    carried = zlib.decompress(urlsafe_b64decode(name[6:] + "==")[32:]).decode()
    for secret in (hint, shop.secret, "hunter2", *browser.client.cookies.values()):
        assert secret not in carried
    assert json.loads(carried)["hinted_subject"] == str(person.id)


async def flows(runtime: Runtime) -> list[Any]:
    """Return the flows that are stored."""
    stored = await rows(runtime, OneTimeToken)
    return [row for row in stored if row.purpose == "oauth_flow"]


async def test_strangers_store_nothing_by_asking(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await trusted(applications)

    for number in range(5):
        page = await browser.ask(shop, state=f"state-{number}")

    assert page.status_code == 200
    assert await flows(api.runtime) == []


async def test_what_is_too_large_to_be_carried_is_stored_within_bounds_for_all(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop, large = await trusted(applications), token_urlsafe(4_000)
    two = Limit("authorize_stored", 2, 60)
    limits = replace(api.runtime.limits, authorize_stored=two)
    object.__setattr__(api.runtime, "limits", limits)
    person = await api.person()

    statuses = [(await browser.ask(shop, state=large)).status_code for _ in range(3)]
    small = await browser.ask(shop)
    first = (await flows(api.runtime))[0]
    name = api.runtime.secret_key.one_time_token("oauth_flow", first.id)
    await browser.get("/signin", {"flow": name})
    answer = await browser.sign_in(person.email)

    assert statuses == [200, 200, 429]
    assert small.status_code == 200
    assert told(answer)["state"] == large


@pytest.mark.parametrize(
    "state", ["short", token_urlsafe(4_000)], ids=["carried", "stored"]
)
async def test_a_flow_is_answered_once_however_it_is_kept(
    api: Api, browser: Visit, applications: ApplicationFactory, state: str
) -> None:
    shop, person = await trusted(applications), await api.person()
    await browser.ask(shop, state=state)
    name = Page(browser.page.text).inputs["flow"]["value"] or ""
    answer = await browser.sign_in(person.email)

    again = await browser.get("/oauth2/resume", {"flow": name})
    forged = name[:-2] + ("AA" if name[-2:] != "AA" else "BB")
    other = await browser.get("/oauth2/resume", {"flow": forged})

    assert told(answer)["state"] == state
    for refused in (again, other):
        assert refused.status_code == 400 and "location" not in refused.headers


async def test_a_flow_that_is_carried_ends_in_time(
    api: Api, browser: Visit, applications: ApplicationFactory, clock: FakeClock
) -> None:
    shop, person = await trusted(applications), await api.person()
    await browser.ask(shop)
    name = Page(browser.page.text).inputs["flow"]["value"] or ""
    await browser.arrive(person.email)
    clock.advance(seconds=api.runtime.settings.oauth.flow_ttl)

    answer = await browser.get("/oauth2/resume", {"flow": name})

    assert answer.status_code == 400 and "location" not in answer.headers
