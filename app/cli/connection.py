"""``connection``: who else may say who people are."""

import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.accounts.user_account import judged
from app.cli.base import (
    AsJson,
    Exit,
    Result,
    Yes,
    confirm,
    every_page,
    fail,
    in_transaction,
    operator_now,
    show,
    show_rows,
    show_steps,
)
from app.cli.options import option

if TYPE_CHECKING:
    from app.policies.permission import Actor
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime
    from app.services.upstreams.connection import ConnectionService

app = typer.Typer(help="Who else may say who people are.")


Name = Annotated[str, typer.Argument(help="Name of the connection")]
Settings = Annotated[
    Path | None,
    option("JSON with the settings of its kind, secrets too; -: input", "--settings"),
]
Follow = Annotated[
    Path | None,
    option("JSON with what is taken over at each sign-in; -: input", "--follow"),
]
Rule = Annotated[
    str | None,
    option(
        "Who gets an account by coming: closed, invited, domain, anybody", "--accounts"
    ),
]
AccountDomains = Annotated[
    list[str] | None,
    option("Whose people get one under --accounts domain; repeat", "--account-domain"),
]
TrustedDomains = Annotated[
    list[str] | None,
    option("Whose verified addresses are believed; may be repeated", "--trust-domain"),
]
TrustsFactors = Annotated[
    bool | None,
    option("Whether its word on two factors counts", "--trust-factors/--ask-factors"),
]
LocalPasswords = Annotated[
    bool | None,
    option(
        "Whether people of its domains may use a password of here too",
        "--local-passwords/--no-local-passwords",
    ),
]
CheckEvery = Annotated[
    int | None,
    option("Seconds until the other side is asked anew; 0: never", "--check-every"),
]
SignsOut = Annotated[
    bool | None,
    option(
        "Whether who signs out here is led there to sign out too",
        "--signs-out/--no-signs-out",
    ),
]
SyncEvery = Annotated[
    int | None,
    option("Seconds until a directory is read as a whole; 0: never", "--sync-every"),
]
MissingPercent = Annotated[
    int | None,
    option(
        "How many percent of linked people may be missing or disabled there at once",
        "--missing-percent",
    ),
]
Enabled = Annotated[
    bool | None, option("Whether people come by it", "--enable/--disable")
]
_COLUMNS = ("name", "kind", "enabled", "account_rule", "display_name")


@app.callback()
def _group() -> None:
    """Who else may say who people are."""


@app.command(name="list")
def list_connections(as_json: AsJson = False) -> None:
    """Print every connection by name.

    JSON: an array of `Connection`.
    """

    async def work(
        connections: "ConnectionService", _actor: "Actor"
    ) -> list[dict[str, Any]]:
        rows = await every_page(connections.list_page, lambda row: row.name)
        return [_plain(connections, row) for row in rows]

    show_rows(_with_connections(work), _COLUMNS, as_json)


@app.command(name="show")
def show_connection(name: Name, as_json: AsJson = False) -> None:
    """Print a connection; its secrets are never shown.

    JSON: `Connection`.
    """

    async def work(connections: "ConnectionService", _actor: "Actor") -> dict[str, Any]:
        return _plain(connections, await connections.named(name))

    show(_with_connections(work), as_json)


@app.command()
def create(
    name: Name,
    kind: Annotated[str, option("oidc, or the name of a provider", "--kind")],
    title: Annotated[str, option("What people call it, for its button", "--title")],
    settings: Settings = None,
    accounts: Rule = None,
    account_domain: AccountDomains = None,
    trust_domain: TrustedDomains = None,
    trust_factors: TrustsFactors = None,
    local_passwords: LocalPasswords = None,
    follow: Follow = None,
    check_every: CheckEvery = None,
    signs_out: SignsOut = None,
    sync_every: SyncEvery = None,
    missing_percent: MissingPercent = None,
    enabled: Enabled = None,
    as_json: AsJson = False,
) -> None:
    """Let people come who are known elsewhere.

    Settings come from a file or standard input: they hold secrets.

    JSON: `Connection`.
    """
    from app.schemas.connection import ConnectionCreate

    given = _given(
        title, settings, accounts, account_domain, trust_domain, trust_factors, follow
    )
    given |= {"name": name, "kind": kind, "enabled": enabled}
    given["local_passwords"] = local_passwords
    given |= {"check_every": check_every, "signs_out": signs_out}
    given |= _syncing(sync_every, missing_percent)
    members = judged(ConnectionCreate, given).model_dump(mode="json", exclude={"name"})

    async def work(connections: "ConnectionService", actor: "Actor") -> dict[str, Any]:
        return _plain(connections, await connections.create(actor, name, members))

    show(_with_connections(work), as_json)


@app.command()
def update(
    name: Name,
    title: Annotated[str | None, option("What people call it", "--title")] = None,
    settings: Settings = None,
    accounts: Rule = None,
    account_domain: AccountDomains = None,
    trust_domain: TrustedDomains = None,
    trust_factors: TrustsFactors = None,
    local_passwords: LocalPasswords = None,
    follow: Follow = None,
    check_every: CheckEvery = None,
    signs_out: SignsOut = None,
    sync_every: SyncEvery = None,
    missing_percent: MissingPercent = None,
    enabled: Enabled = None,
    as_json: AsJson = False,
) -> None:
    """Change a connection; what is not named stays.

    Settings are replaced, but for secrets that are not among them.

    JSON: `Connection`.
    """
    from app.schemas.connection import ConnectionChange

    given = _given(
        title, settings, accounts, account_domain, trust_domain, trust_factors, follow
    )
    given |= {"enabled": enabled, "local_passwords": local_passwords}
    given |= {"check_every": check_every, "signs_out": signs_out}
    given |= _syncing(sync_every, missing_percent)
    change = judged(ConnectionChange, given).change()

    async def work(connections: "ConnectionService", actor: "Actor") -> dict[str, Any]:
        row = await connections.named(name)
        return _plain(
            connections, await connections.update(actor, row.id, change, None)
        )

    show(_with_connections(work), as_json)


@app.command()
def delete(name: Name, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a connection; nobody is known by it any more.

    JSON: `name`, `deleted`.
    """

    async def work(connections: "ConnectionService", _actor: "Actor") -> None:
        await connections.delete((await connections.named(name)).id, None)

    confirm(f"delete the connection {name}; nobody signs in by it any more", yes)
    _with_connections(work)
    done = {"name": name, "deleted": True}
    show(done, as_json, lines=[f"{name} is deleted."])


@app.command()
def test(name: Name, as_json: AsJson = False) -> None:
    """Look whether it would work, and print step by step what was seen.

    JSON: `ConnectionTest`.
    """

    async def work(connections: "ConnectionService", _actor: "Actor") -> dict[str, Any]:
        told = await connections.test((await connections.named(name)).id)
        return told.model_dump(mode="json")

    show_steps(_with_connections(work), as_json)


def _syncing(every: int | None, percent: int | None) -> dict[str, int]:
    members = {"sync_every": every, "sync_missing_percent": percent}
    return {name: value for name, value in members.items() if value is not None}


def _given(
    title: str | None,
    settings: Path | None,
    accounts: str | None,
    account_domains: list[str] | None,
    trusted_domains: list[str] | None,
    trusts_factors: bool | None,
    follow: Path | None,
) -> dict[str, Any]:
    if settings is not None and settings == follow:
        fail("--settings and --follow name the same", Exit.USAGE)
    return {
        "display_name": title,
        "settings": None if settings is None else _read_json(settings),
        "account_rule": accounts,
        "account_domains": account_domains or None,
        "trusted_domains": trusted_domains or None,
        "trusts_factors": trusts_factors,
        "follow": None if follow is None else _read_json(follow),
    }


def _read_json(path: Path) -> Any:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text()
        return json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        fail(f"{path}: {type(error).__name__}", Exit.USAGE)


def _plain(connections: "ConnectionService", row: Any) -> dict[str, Any]:
    shown: Mapping[str, Any] = connections.shown(row).model_dump(mode="json")
    return dict(shown)


def _with_connections(
    work: "Callable[[ConnectionService, Actor], Awaitable[Result]]",
) -> Result:
    from app.services.upstreams.connection import ConnectionService

    async def run(uow: "UnitOfWork", runtime: "Runtime") -> Result:
        service = ConnectionService(uow, runtime, runtime.connections.forget)
        return await work(service, operator_now(runtime))

    return in_transaction(run)
