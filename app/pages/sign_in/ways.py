"""The buttons of connections, and what waits at a browser for a proof."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.core.language import gettext
from app.pages.parts.form_page import Button
from app.services.oauth.outcome import Waiting
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser
from app.services.upstreams.directory import Way
from app.services.upstreams.realm import leader, sole_leader

if TYPE_CHECKING:
    from app.services.upstreams.link import WaitingLink


async def buttons(runtime: Runtime, first: str = "") -> Sequence[Button]:
    """Return a button for each connection that is on; most installations have none.

    Args:
        runtime: The parts of the process.
        first: Name of the one that somebody is meant to take; others are by name.
    """
    said = gettext("Continue with %(name)s")
    ways = await runtime.connections.all()
    return [
        Button(f"/upstreams/{way.name}", said % {"name": way.display_name}, way.kind)
        for way in sorted(ways, key=lambda way: way.name != first)
    ]


async def hinted(waiting: Waiting | None, runtime: Runtime) -> Way | None:
    """Return the connection that an application means, if there is such a one."""
    if waiting is None:
        return None
    request, connections = waiting.request, runtime.connections
    if request.idp_hint is not None:
        return await connections.find(request.idp_hint)
    if request.domain_hint is None:
        return None
    return await leader(connections, f"@{request.domain_hint}")


async def leading(runtime: Runtime, browser: Browser, email: str) -> Way | None:
    """Return the connection that leads an address to itself, if there is one.

    None as well for whoever it sent back to prove the account that they have: by a
    password or a code of here, or it would lead in a circle.
    """
    way = await leader(runtime.connections, email)
    if way is None or not browser.link:
        return way
    waiting = await _waiting(runtime, browser)
    is_back = waiting is not None and waiting.is_back_from(way.id, email)
    return None if is_back else way


async def sole_leading(runtime: Runtime, browser: Browser, email: str) -> Way | None:
    """Return the same, but None where a password of here would do as well."""
    way = await leading(runtime, browser, email)
    return None if way is None or way.allows_passwords else way


async def leads_newcomer(runtime: Runtime, browser: Browser, email: str) -> Way | None:
    """Return the connection that leads who wants an account.

    Whom it sent back without an address makes one here, if it gives accounts at all.
    """
    led = await sole_leader(runtime.connections, email)
    if led is None or led.policy["account_rule"] not in ("anybody", "domain"):
        return led
    waiting = await _waiting(runtime, browser)
    is_told = waiting is not None and bool(waiting.email)
    return led if is_told else await sole_leading(runtime, browser, email)


async def _waiting(runtime: Runtime, browser: Browser) -> "WaitingLink | None":
    if not browser.link:
        return None
    # Here: few services have a connection.
    from app.services.upstreams.link import UpstreamLinkService

    return await UpstreamLinkService(runtime).look(browser)


async def waiting_notice(browser: Browser, runtime: Runtime) -> tuple[str, str]:
    """Return what is said to whoever is to prove an account, and which address."""
    waiting = await _waiting(runtime, browser)
    if waiting is None:
        return "", ""
    said = gettext(
        "To connect %(name)s, sign in once in another way, or create an account."
    )
    return said % {"name": waiting.display_name}, waiting.email
