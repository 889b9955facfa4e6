"""``server``: the service itself."""

import sys

import typer
import uvicorn

from app.cli.base import settings_or_exit
from app.core.logging import configure_logging

app = typer.Typer(help="Run the service.")
GRACE = 10  # seconds that requests under way get at SIGTERM


@app.callback()
def _group() -> None:
    """Run the service."""


@app.command()
def start(host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve until SIGTERM; the schema is brought up to date in development."""
    settings = settings_or_exit()
    _announce(settings.public_url, host, port, settings.serves_docs)
    configure_logging(settings.log_level)
    uvicorn.run(
        "app.main:app",
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        # Forwarded headers count from AUTH_SERVE_TRUSTED_PROXIES only.
        proxy_headers=False,
        server_header=False,
        ws="none",  # nothing here speaks it
        timeout_graceful_shutdown=GRACE,
    )


def _announce(public_url: str, host: str, port: int, docs: bool) -> None:
    """Tell whoever typed the command where to look; the log is for machines."""
    lines = [f"  Auth Serve listens on http://{host}:{port}", f"  Pages  {public_url}/"]
    if docs:
        lines += [f"  API    {public_url}/docs", f"  Mails  {public_url}/dev/mailbox"]
    print("\n" + "\n".join(lines), file=sys.stderr)
