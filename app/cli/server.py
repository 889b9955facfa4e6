"""``server``: the service itself."""

from typing import Annotated

import typer

from app.cli import HOST, MOST_WORKERS, PORT

app = typer.Typer(help="Run the service.")
Hosts = Annotated[
    list[str],
    typer.Option(
        "--host",
        help="Name, address or unix:PATH; may be repeated; :: is IPv4 as well",
    ),
]
_HOSTS = [HOST]
Port = Annotated[
    int, typer.Option(min=1, max=65_535, envvar="PORT", help="As platforms set it")
]
Workers = Annotated[
    int,
    typer.Option(min=1, max=MOST_WORKERS, help="Processes; SIGHUP replaces each"),
]


@app.callback()
def _group() -> None:
    """Run the service."""


@app.command()
def start(host: Hosts = _HOSTS, port: Port = PORT, workers: Workers = 1) -> None:
    """Serve until SIGTERM; the schema is brought up to date in development."""
    if workers > 1:
        from app.cli.workers.start import serve_many

        serve_many(host, port, workers)
        return
    from app.cli.serve import serve

    serve(host, port)
