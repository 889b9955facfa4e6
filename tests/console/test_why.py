"""The console tells why a request was refused, in its reader's language."""

from html import unescape

import pytest

from tests.support.api import Api, Person
from tests.support.browser import Visitor


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite; `tests/why` asks both engines."""
    return sqlite_url


async def test_a_reference_number_leads_to_the_reason(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "as_gt_nonsense"}
    refused = await api.client.post("/oauth2/token", data=form | {"client_id": "shop"})
    number = refused.json()["correlation_id"]

    path = f"/admin/audit/trace/{number}"
    english = unescape((await visitor.get(path)).text)
    german = unescape((await visitor.get(path, Accept_Language="de")).text)

    assert "The application did not prove which one it is." in english
    assert "POST /oauth2/token" in english and "invalid_client" in english
    assert "token_endpoint_auth_method" in english and "as_gt_" not in english
    assert "Die Anwendung hat nicht bewiesen, welche sie ist." in german


async def test_a_refusal_of_a_page_is_told_as_pages_say_it(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    refused = await api.post("/auth/mfa", {"mfa_token": "x", "factor": "totp"})
    number = refused.json()["correlation_id"]

    page = unescape((await visitor.get(f"/admin/audit/trace/{number}")).text)

    assert f"/docs/errors#{refused.json()['code']}" in page
    assert "Nothing is recorded under this number" not in page
