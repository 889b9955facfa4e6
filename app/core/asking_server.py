"""Where the server that asks for the application is going to listen."""

import inspect
import sys


def address_of_server() -> str | None:
    """Return the address by the settings of the uvicorn that loads us, if one does.

    An application is told no port before its first request, and a ``Host`` header is
    anybody's word. But uvicorn loads it from its ``Config``, which has read the line,
    the environment or the arguments of ``uvicorn.run``, also with reload and workers.
    """
    kind = getattr(sys.modules.get("uvicorn"), "Config", None)
    frame = inspect.currentframe()
    while kind is not None and frame is not None:
        found = frame.f_locals.get("self")
        if isinstance(found, kind):
            return _address(found)
        frame = frame.f_back
    return None


def _address(config: object) -> str | None:
    """Return it for a port that people can type; others are known too late."""
    port = getattr(config, "port", None)
    is_port = (
        getattr(config, "uds", None) is None and getattr(config, "fd", None) is None
    )
    if not is_port or not isinstance(port, int) or not port:
        return None
    scheme = "https" if getattr(config, "is_ssl", False) else "http"
    return f"{scheme}://localhost:{port}"
