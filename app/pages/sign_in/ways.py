"""The buttons of connections, and what waits at a browser for a proof."""

from collections.abc import Sequence

from app.core.language import gettext
from app.pages.parts.form_page import Button
from app.services.oauth.outcome import Waiting
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser
from app.services.upstreams.directory import Way
from app.services.upstreams.realm import leader


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


async def waiting_notice(browser: Browser, runtime: Runtime) -> tuple[str, str]:
    """Return what is said to whoever is to prove an account, and which address."""
    if not browser.link:
        return "", ""
    from app.services.upstreams.link import UpstreamLinkService

    waiting = await UpstreamLinkService(runtime).look(browser)
    if waiting is None:
        return "", ""
    said = gettext(
        "To connect %(name)s, sign in once in another way, or create an account."
    )
    return said % {"name": waiting.display_name}, waiting.email
