"""Every command: one file per noun, services only."""

import typer

from app.cli import client, key, server, setup, user

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
for noun in (client, key, server, setup, user):
    app.add_typer(noun.app, name=noun.__name__.rpartition(".")[2])
