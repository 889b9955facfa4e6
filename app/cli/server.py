"""``server``: the service itself."""

from typing import Annotated

import typer

from app.cli import serve

app = typer.Typer(help="Run the service.")
Port = Annotated[int, typer.Option(min=1, max=65_535)]


@app.callback()
def _group() -> None:
    """Run the service."""


@app.command()
def start(host: str = serve.HOST, port: Port = serve.PORT) -> None:
    """Serve until SIGTERM; the schema is brought up to date in development."""
    serve.serve(host, port)
