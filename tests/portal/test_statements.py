"""What a page of the account costs: a few statements, however much there is."""

import pytest

from app.services.oauth.consent import OAuthConsentService
from app.services.server.runtime import Runtime
from tests.factories.oauth import ApplicationFactory
from tests.support.api import Person
from tests.support.browser import Visitor

MOST = 8
PAGES = [
    "/account",
    "/account/profile",
    "/account/email",
    "/account/security",
    "/account/password",
    "/account/passkeys",
    "/account/factors",
    "/account/sessions",
    "/account/activity",
    "/account/data",
    "/account/delete",
    "/applications",
    "/account/tokens",
    "/account/new-token",
]


@pytest.fixture
def options() -> dict[str, object]:
    """With every page that there may be."""
    return {"personal_tokens": {"enabled": True}}


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_costs_as_little_for_one_thing_as_for_many(
    visitor: Visitor, person: Person, asked: list[str], runtime: Runtime, path: str
) -> None:
    make = ApplicationFactory(runtime)
    for _ in range(6):
        shop = await make()
        async with runtime.unit_of_work() as uow:
            consents = OAuthConsentService(uow)
            await consents.remember(person.id, shop.client_id, ["openid"], [])
    runtime.clients.forget(shop.client_id)
    asked.clear()

    page = await visitor.get(path)

    assert page.status_code == 200
    assert 3 <= len(asked) <= MOST, "\n".join(asked)


async def test_a_form_that_leads_on_reads_nothing_that_it_does_not_show(
    visitor: Visitor, person: Person, asked: list[str]
) -> None:
    form = await visitor.hidden("/account/profile")
    asked.clear()

    answer = await visitor.post("/account/profile", form | {"name": "Ada King"})

    assert answer.status_code == 303
    assert not [each for each in asked if "user_pictures" in each]
    assert len(asked) <= 5, "\n".join(asked)
