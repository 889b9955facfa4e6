"""``server``: the service itself."""

from typing import Annotated

import typer

from app.cli import HOST, PORT

app = typer.Typer(help="Run the service.")
Port = Annotated[int, typer.Option(min=1, max=65_535)]


@app.callback()
def _group() -> None:
    """Run the service."""


@app.command()
def start(host: str = HOST, port: Port = PORT) -> None:
    """Serve until SIGTERM; the schema is brought up to date in development."""
    from app.cli.serve import serve

    serve(host, port)
