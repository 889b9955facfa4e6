"""A service, from the start to SIGTERM; without what reads command lines."""

import os
import socket
import sys
from collections.abc import Sequence

from uvicorn.config import Config

from app.cli.ending import Exit, fail, settings_or_exit
from app.cli.http.listening import CannotListen, address_of, bind
from app.cli.http.protocol import guarded
from app.cli.http.server import Server
from app.config import PREFIX, Settings
from app.core.logging import configure_logging

GRACE = 10  # seconds that requests under way get at SIGTERM


def serve(hosts: Sequence[str], port: int) -> None:
    """Serve until SIGTERM; the schema is brought up to date in development."""
    settings = settings_for(port)
    try:
        listening = bind(hosts, port)
    except CannotListen as refusal:
        fail(str(refusal), Exit.UNUSABLE)
    configure_logging(settings.log_level, human=settings.logs_for_people)
    config = server_config(settings)
    Server(config, listening, lambda: announce(settings, listening)).run()


def server_config(settings: Settings) -> Config:
    """Return how uvicorn serves: bounded, silent, and believing nobody."""
    return Config(
        "app.main:app",
        http=guarded(settings.public_url),
        ws="none",  # an upgrade would leave the protocol, and its limits, behind
        workers=1,  # whatever WEB_CONCURRENCY says: it is for process managers
        limit_concurrency=settings.max_connections,
        timeout_keep_alive=settings.keep_alive,
        log_config=None,
        access_log=False,
        # Forwarded headers count from AUTH_SERVE_TRUSTED_PROXIES only.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )


def settings_for(port: int) -> Settings:
    """Return the settings; links lead to the port unless an address is named."""
    settings = settings_or_exit()
    if "public_url" not in settings.model_fields_set:
        # The application reads the environment anew.
        os.environ[f"{PREFIX}PUBLIC_URL"] = f"http://localhost:{port}"
        settings = settings_or_exit()
    return settings


def announce(settings: Settings, listening: Sequence[socket.socket]) -> None:
    """Tell whoever typed the command where to look; the log is for machines."""
    public_url = settings.public_url
    lines = [f"  Auth Serve listens on {address_of(each)}" for each in listening]
    lines.append(f"  Pages  {public_url}/")
    if settings.serves_docs:
        lines.append(f"  API    {public_url}/docs")
    if settings.keeps_mails:
        lines.append(f"  Mails  {public_url}/dev/mailbox")
    print("\n" + "\n".join(lines), file=sys.stderr)
