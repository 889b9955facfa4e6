"""What tests of pages for signed-in people share: a browser and its cookies."""

from collections.abc import Sequence
from http.cookies import SimpleCookie

from app.services.browser_cookie import BrowserCookies
from app.services.browser_session import Browser, BrowserSessionService
from app.services.runtime import Runtime
from tests.api import PASSWORD


def cookies_of(browser: Browser, runtime: Runtime) -> list[str]:
    """Return the ``Cookie`` field that this browser sends from now on."""
    service = BrowserSessionService(runtime)
    fields = [service.session_cookie(browser)]
    if browser.value:
        fields.append(service.value_cookie(browser))
    return ["; ".join(field.partition(";")[0] for field in fields)]


async def signed_in(
    runtime: Runtime, *emails: str, browser: Browser | None = None
) -> Browser:
    """Return a browser where these people signed in, one after the other."""
    service = BrowserSessionService(runtime)
    browser = browser or service.with_value(Browser())
    for email in emails:
        browser = await service.sign_in(browser, email, PASSWORD)
    return browser


async def seen(browser: Browser, runtime: Runtime) -> Browser:
    """Return what the service makes of this browser's next request."""
    service = BrowserSessionService(runtime)
    return await service.read(cookies_of(browser, runtime))


def session_field(value: str, runtime: Runtime) -> list[str]:
    """Return a ``Cookie`` field with this value for the session cookie."""
    return [f"{BrowserCookies(runtime.settings.public_url).session}={value}"]


def set_cookies(fields: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return each cookie that an answer sets: its value and its attributes."""
    found = {}
    for field in fields:
        [(name, morsel)] = SimpleCookie(field).items()
        attributes = {key: str(text) for key, text in morsel.items() if text}
        found[name] = {"value": morsel.value, **attributes}
    return found
