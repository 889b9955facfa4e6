"""What the demo application remembers of a browser: sealed, in a cookie of its own.

Nothing is stored, so nothing has to be cleaned. Whoever reads the cookie learns
nothing, and planted in another browser it opens nothing.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

from fastapi import Response

from app.core.exceptions import AppError
from app.core.secret_key import SealBroken
from app.services.clients.demo import HOME
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_cookie import BrowserCookies
from app.services.sign_in.browser_session import Browser
from app.utils.base_path import base_path

_NAME = "auth_serve_demo"
_MOST = 3_900  # characters; browsers keep 4,096 with name and attributes
Kept = Mapping[str, str]


class TokensTooLarge(AppError):
    """The tokens do not fit into a cookie."""

    status = 500
    code = "demo_tokens_too_large"
    title = "These tokens are too large for the demo application"


def read(fields: list[str], browser: Browser, runtime: Runtime) -> Kept:
    """Return what is kept; nothing where it is not of this browser.

    Args:
        fields: The ``Cookie`` fields of the request.
        browser: Whose.
        runtime: The parts of the process.
    """
    cookies = BrowserCookies(runtime.settings.public_url)
    text = cookies.read(fields, _NAME)
    try:
        sealed = urlsafe_b64decode(text)
        kept: dict[str, str] = json.loads(
            runtime.secret_key.unseal(sealed, _context(browser))
        )
    except (SealBroken, ValueError):
        return {}
    return kept


def keep(answer: Response, kept: Kept, browser: Browser, runtime: Runtime) -> None:
    """Set the cookie; with nothing to keep it is deleted.

    Raises:
        TokensTooLarge: No browser would keep it.
    """
    value = ""
    if kept:
        nonce = runtime.randomness.bytes(12)
        plain = json.dumps(kept, separators=(",", ":")).encode()
        sealed = runtime.secret_key.seal(plain, nonce, _context(browser))
        value = urlsafe_b64encode(sealed).decode()
    if len(value) > _MOST:
        raise TokensTooLarge(hint=f"{len(value)} characters")
    path = f"{base_path(runtime.settings.public_url)}{HOME}"
    parts = [f"{_NAME}={value}", f"Path={path}", "HttpOnly", "SameSite=Lax"]
    if not kept:
        parts.append("Max-Age=0")
    if runtime.settings.public_url.startswith("https://"):
        parts.append("Secure")
    answer.headers.append("Set-Cookie", "; ".join(parts))


def _context(browser: Browser) -> str:
    return f"demo application {browser.value}"
