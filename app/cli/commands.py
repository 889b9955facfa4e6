"""Every command: one file per noun, services only."""

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort

from app.cli import (
    audit,
    backup,
    connection,
    connection_domain,
    connection_sync,
    key,
    mail,
    schema,
    server,
    session,
    settings,
    setup,
    theme,
    webhook,
)
from app.cli.accounts import (
    attribute,
    group,
    role,
    user,
    user_account,
    user_attribute,
    user_connection,
    user_export,
    user_factor,
    user_token,
)
from app.cli.completion import completion
from app.cli.doctor import doctor
from app.cli.ending import PROGRAM, Exit, fail
from app.cli.oauth import (
    client,
    client_claims,
    client_exchange,
    client_owner,
    protected_host,
    resource,
    trusted_issuer,
)


class _Root(TyperGroup):
    """Ends every command alike: at most one line on standard error, and a code."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a line; ``base.Exit`` says how it ends."""
        extra |= {"standalone_mode": False, "prog_name": PROGRAM}
        try:
            sys.exit(super().main(*args, **extra))
        except typer.TyperException as error:
            _refuse_line(error)
        except (Abort, EOFError):
            fail("nothing was done")
        except ModuleNotFoundError:
            raise  # the entry point knows what to do
        except Exception as error:
            if os.environ.get("AUTH_SERVE_LOG_LEVEL", "").upper() == "DEBUG":
                raise
            kind = type(error).__name__
            fail(
                f"a defect of ours ({kind}); with AUTH_SERVE_LOG_LEVEL=DEBUG the same "
                "line shows where"
            )


def _refuse_line(error: typer.TyperException) -> None:
    """Say what is wrong with what was typed, and where help is."""
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if context is None:
        fail(message, Exit.USAGE)
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the whole help
        print(context.get_help(), file=sys.stderr)
        raise SystemExit(int(Exit.USAGE))
    where = context.command_path
    fail(f"{message.rstrip('.')}; see {where} --help", Exit.USAGE)


app = typer.Typer(
    cls=_Root,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="What operators do: accounts, applications, keys, and the service itself.",
)
app.command()(completion)
app.command()(doctor)
user_account.add_to(user.app)
client.app.command(name="token-exchange")(client_exchange.token_exchange)
client.app.command(name="list")(client_owner.list_clients)
client.app.command()(client_owner.update)
client.app.command()(client_claims.claims)
client.app.command()(client_claims.preview)
resource.app.command(name="claims")(client_claims.resource_claims)
user.app.command()(user_attribute.attributes)
user.app.command(name="export")(user_export.export_users)
user.app.add_typer(user_factor.app, name="factors")
user.app.add_typer(user_connection.app, name="connections")
connection.app.add_typer(connection_domain.app, name="domain")
connection.app.command()(connection_sync.sync)
for noun in (
    attribute,
    audit,
    client,
    connection,
    group,
    key,
    mail,
    protected_host,
    resource,
    role,
    schema,
    server,
    session,
    settings,
    setup,
    theme,
    trusted_issuer,
    user,
    webhook,
):
    word = noun.__name__.rpartition(".")[2].replace("_", "-")
    app.add_typer(noun.app, name=word)
app.command(name="backup")(backup.backup)
app.command(name="restore")(backup.restore)
user_token.add_to(backup.app)
app.add_typer(backup.app, name="token")
