"""A client that registered itself, and whether a browser is led to it."""

from typing import Any

from httpx2 import AsyncClient, Response

from tests.factories.oauth import Application
from tests.support.authorization import AUTHORIZE, Visit, at, query_of
from tests.support.page import Page
from tests.support.registration import register

CALLBACK, BYE = "https://evil.example/cb", "https://evil.example/bye"
HOST = "evil.example"
MALFORMED = '"'  # no scope-token (RFC 6749 section 3.3)
STRANGER: dict[str, Any] = {
    "redirect_uris": [CALLBACK],
    "post_logout_redirect_uris": [BYE],
    "client_name": "Your Bank",
}
REFUSED: dict[str, dict[str, str | None]] = {
    "response_type": {"response_type": "bogus"},
    "no response_type": {"response_type": None},
    "scope": {"scope": MALFORMED},
    "prompt=none": {"prompt": "none"},
    "prompt": {"prompt": "bogus"},
    "prompt=none with hint": {"prompt": "none", "login_hint": "a@example.com"},
    "max_age": {"max_age": "x"},
    "max_age with none": {"max_age": "0", "prompt": "none"},
    "no challenge": {"code_challenge": None},
    "request": {"request": "x"},
    "request_uri": {"request_uri": "https://evil.example/r"},
    "registration": {"registration": "{}"},
    "claims": {"claims": "["},
    "id_token_hint": {"id_token_hint": "x"},
    "response_mode": {"response_mode": "bogus"},
    "fragment": {"response_mode": "fragment", "prompt": "none"},
    "form_post": {"response_mode": "form_post", "prompt": "none"},
    "form_post and scope": {"response_mode": "form_post", "scope": MALFORMED},
    "state": {"state": "javascript:alert(1)", "scope": MALFORMED},
    "too long": {"nonce": "n" * 11_000},
}


def is_withheld(answer: Response) -> bool:
    """Tell whether the person was told and may go on, and nothing goes by itself."""
    text, page = answer.text, Page(answer.text)
    assert answer.status_code == 403, (answer.status_code, answer.headers)
    assert "location" not in answer.headers and "refresh" not in answer.headers
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "<script" not in text and "http-equiv" not in text
    assert not page.all("iframe")
    assert f"<bdi>{HOST}</bdi>" in text and answer.headers["x-request-id"] in text
    assert "Your Bank" not in text  # what it calls itself is nobody's word
    [way] = page.all("a") or page.all("form")
    return str(way.get("href") or way["action"]).startswith(f"https://{HOST}/")


def is_led(answer: Response, uri: str = CALLBACK) -> bool:
    """Tell whether the browser goes on by itself."""
    if answer.status_code == 200 and "document.forms[0].submit()" in answer.text:
        return str(Page(answer.text).all("form")[0]["action"]).startswith(uri)
    return answer.status_code == 303 and answer.headers["location"].startswith(uri)


async def stranger(client: AsyncClient, **metadata: Any) -> Application:
    """Register as anybody may."""
    told = await register(client, **(STRANGER | metadata))
    return Application(told["client_id"], told.get("client_secret", ""))


def asked(app: Application, **changed: str | None) -> dict[str, str]:
    return query_of(app, **({"redirect_uri": CALLBACK} | changed))


async def agree(browser: Visit, app: Application, **changed: str | None) -> Response:
    """Ask as the application does, and allow it."""
    await browser.get(AUTHORIZE, asked(app, **changed))
    assert at(browser.page) == "/consent"
    return await browser.decide("allow")
