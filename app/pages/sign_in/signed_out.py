"""The page after a sign-out, with the frames in which applications hear of it."""

from fastapi.responses import HTMLResponse

from app.oauth.uri import Uri, parse_uri
from app.pages.parts.asked import place_name
from app.pages.parts.render import CSP, render

FRAME_SECONDS = 3  # how long frames have before the browser goes on


def render_signed_out(
    frames: tuple[str, ...],
    *,
    application: str = "",
    redirect_url: str | None = None,
    is_sent: bool = True,
    is_over: bool = True,
    is_nobody: bool = False,
) -> HTMLResponse:
    """Return the page; it says of nothing that it ended which goes on.

    Args:
        frames: What it loads (OIDC Front-Channel Logout §2).
        application: Name of who asked for it.
        redirect_url: Where the browser goes on to afterwards.
        is_sent: Whether it does so by itself; if not, the link says where it leads.
        is_over: Whether a session ended; otherwise the application alone is out of it.
        is_nobody: Whether nobody was there to sign out.
    """
    return render(
        "signed_out.html",
        headers={"Content-Security-Policy": _framing(frames)} if frames else {},
        application=application,
        redirect_url=redirect_url,
        is_sent=is_sent,
        is_over=is_over,
        is_nobody=is_nobody,
        place=place_name(redirect_url) if redirect_url else "",
        seconds=FRAME_SECONDS if frames else 0,
        frames=frames,
    )


def _framing(frames: tuple[str, ...]) -> str:
    """Return the policy of a page that may frame these origins and nothing else."""
    parsed = [uri for uri in map(parse_uri, frames) if uri is not None]
    origins = sorted({_origin(uri) for uri in parsed})
    return f"{CSP}; frame-src {' '.join(origins)}"


def _origin(uri: Uri) -> str:
    scheme, host, port = uri.origin
    return f"{scheme}://{host}:{port}"
