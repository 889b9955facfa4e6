"""The page after a sign-out, with the frames in which applications hear of it."""

from collections.abc import Iterable
from typing import Any

from fastapi.responses import HTMLResponse

from app.oauth.uri import Uri, parse_uri
from app.pages.parts.asked import place_name
from app.pages.parts.render import CSP, render
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser, BrowserAccount

FRAME_SECONDS = 3  # how long frames have before the browser goes on


def render_signed_out(
    frames: tuple[str, ...],
    *,
    application: str = "",
    redirect_url: str | None = None,
    is_sent: bool = True,
    is_over: bool = True,
    is_nobody: bool = False,
    origin: str = "",
) -> HTMLResponse:
    """Return the page; it says of nothing that it ended which goes on.

    Args:
        frames: What it loads (OIDC Front-Channel Logout §2).
        application: Name of who asked for it.
        redirect_url: Where the browser goes on to afterwards.
        is_sent: Whether it does so by itself; if not, the link says where it leads.
        is_over: Whether a session ended; otherwise the application alone is out of it.
        is_nobody: Whether nobody was there to sign out.
        origin: What people call where they came from, if ``redirect_url`` leads there
            to sign out as well.
    """
    return render(
        "signed_out.html",
        headers={"Content-Security-Policy": _framing(frames)} if frames else {},
        application=application,
        redirect_url=redirect_url,
        is_sent=is_sent,
        is_over=is_over,
        is_nobody=is_nobody,
        origin=origin,
        place=place_name(redirect_url) if redirect_url else "",
        seconds=FRAME_SECONDS if frames else 0,
        frames=frames,
    )


async def lead_out(
    ended: Iterable[BrowserAccount],
    browser: Browser,
    runtime: Runtime,
    frames: tuple[str, ...],
    **onward: Any,
) -> HTMLResponse | None:
    """Return the page that leads to sign out elsewhere as well; None if nowhere.

    A page always: browsers hold redirects after a form to the ``form-action`` of its
    page, and an application may ask by a form of its own.

    Args:
        ended: Whose sessions ended here, the most important one first.
        browser: Whose, as it came.
        runtime: The parts of the process.
        frames: What the page loads.
        onward: Members of ``Onward``, for who is back.
    """
    if not await runtime.connections.all():
        return None
    # Here: few services have a connection.
    from app.services.upstreams.leave import Onward, UpstreamLeaveService

    service = UpstreamLeaveService(runtime, runtime.connections)
    sessions = [each.session_id for each in ended]
    leaving = await service.leave(sessions, browser, Onward(**onward))
    if leaving is None:
        return None
    return render_signed_out(frames, redirect_url=leaving.url, origin=leaving.name)


def _framing(frames: tuple[str, ...]) -> str:
    """Return the policy of a page that may frame these origins and nothing else."""
    parsed = [uri for uri in map(parse_uri, frames) if uri is not None]
    origins = sorted({_origin(uri) for uri in parsed})
    return f"{CSP}; frame-src {' '.join(origins)}"


def _origin(uri: Uri) -> str:
    scheme, host, port = uri.origin
    return f"{scheme}://{host}:{port}"
