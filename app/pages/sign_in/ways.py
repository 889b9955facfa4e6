"""The buttons of connections, and what waits at a browser for a proof."""

from collections.abc import Sequence

from app.core.language import gettext
from app.pages.parts.form_page import Button
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser


async def buttons(runtime: Runtime) -> Sequence[Button]:
    """Return a button for each connection that is on; most installations have none."""
    said = gettext("Continue with %(name)s")
    return [
        Button(f"/upstreams/{way.name}", said % {"name": way.display_name}, way.kind)
        for way in await runtime.connections.all()
    ]


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
