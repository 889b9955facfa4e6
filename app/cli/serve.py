"""A service, from the start to SIGTERM; without what reads command lines."""

import asyncio
import errno
import os
import sys

import uvicorn

from app.cli.ending import Exit, fail, settings_or_exit
from app.cli.http_protocol import guarded
from app.config import PREFIX, Settings
from app.core.logging import configure_logging

GRACE = 10  # seconds that requests under way get at SIGTERM


def serve(host: str, port: int) -> None:
    """Serve until SIGTERM; the schema is brought up to date in development."""
    settings = _settings_for(port)
    asyncio.run(_refuse_taken(host, port))
    _announce(settings, host, port)
    configure_logging(settings.log_level)
    uvicorn.run(
        "app.main:app",
        host=host,
        port=port,
        http=guarded(settings.public_url),
        ws="none",  # an upgrade would leave the protocol, and its limits, behind
        limit_concurrency=settings.max_connections,
        log_config=None,
        access_log=False,
        # Forwarded headers count from AUTH_SERVE_TRUSTED_PROXIES only.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )


def _settings_for(port: int) -> Settings:
    """Return the settings; links lead to the port unless an address is named."""
    settings = settings_or_exit()
    if "public_url" not in settings.model_fields_set:
        # The application reads the environment anew.
        os.environ[f"{PREFIX}PUBLIC_URL"] = f"http://localhost:{port}"
        settings = settings_or_exit()
    return settings


async def _refuse_taken(host: str, port: int) -> None:
    """End with a line for people; of the real attempt only the log would tell."""
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(asyncio.Protocol, host, port)
    except OSError as error:
        reason = str(error.strerror)
        if error.errno == errno.EADDRINUSE:
            reason = "the port is taken; choose another: --port N, make serve PORT=N"
        fail(f"cannot listen on {host}:{port}: {reason}", Exit.UNUSABLE)
    server.close()


def _announce(settings: Settings, host: str, port: int) -> None:
    """Tell whoever typed the command where to look; the log is for machines."""
    public_url = settings.public_url
    lines = [f"  Auth Serve listens on http://{host}:{port}", f"  Pages  {public_url}/"]
    if settings.serves_docs:
        lines.append(f"  API    {public_url}/docs")
    if settings.keeps_mails:
        lines.append(f"  Mails  {public_url}/dev/mailbox")
    print("\n" + "\n".join(lines), file=sys.stderr)
