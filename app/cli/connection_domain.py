"""``connection domain``: whose people a connection leads."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from app.cli.accounts.user_account import judged
from app.cli.base import (
    AsJson,
    Result,
    Yes,
    confirm,
    every_page,
    in_transaction,
    show,
    show_rows,
)
from app.cli.options import option

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime
    from app.services.upstreams.realm_domain import RealmDomainService

app = typer.Typer(help="Domains whose people a connection leads.")
Name = Annotated[str, typer.Argument(help="Name of the connection")]
Domain = Annotated[str, typer.Argument(help="What stands after the @")]
_BY_WORD = "It is theirs by your word; no record is looked for"
_COLUMNS = ("domain", "verified_at", "verified_by", "missing_since")


@app.callback()
def _group() -> None:
    """Domains whose people a connection leads."""


@app.command(name="list")
def list_domains(name: Name, as_json: AsJson = False) -> None:
    """Print the domains of a connection.

    JSON: an array of `RealmDomain`.
    """
    from functools import partial

    async def work(
        domains: "RealmDomainService", connection_id: UUID
    ) -> list[dict[str, Any]]:
        read = partial(domains.list_page, connection_id)
        rows = await every_page(read, lambda row: row.domain)
        return [_plain(domains, row) for row in rows]

    show_rows(_with_domains(name, work), _COLUMNS, as_json)


@app.command()
def add(
    name: Name,
    domain: Domain,
    verified: Annotated[bool, option(_BY_WORD, "--verified")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a domain; publish the record that is printed, and have it verified.

    JSON: `RealmDomain`.
    """
    from app.schemas.connection import RealmDomainCreate

    body = judged(RealmDomainCreate, {"domain": domain, "verified": verified})

    async def work(
        domains: "RealmDomainService", connection_id: UUID
    ) -> dict[str, Any]:
        row = await domains.add(connection_id, body.domain, verified=body.verified)
        return _plain(domains, row)

    show(_with_domains(name, work), as_json)


@app.command()
def verify(
    name: Name,
    domain: Domain,
    by_word: Annotated[bool, option(_BY_WORD, "--by-word")] = False,
    as_json: AsJson = False,
) -> None:
    """Look for the record of a domain; from then on its people are led.

    JSON: `RealmDomain`.
    """
    from app.models.upstream.realm_domain import BY_DNS, BY_WORD
    from app.schemas.connection import RealmDomainCreate

    wanted = judged(RealmDomainCreate, {"domain": domain}).domain
    by = BY_WORD if by_word else BY_DNS

    async def work(
        domains: "RealmDomainService", connection_id: UUID
    ) -> dict[str, Any]:
        row = await domains.named(connection_id, wanted)
        return _plain(domains, await domains.verify(connection_id, row.id, by=by))

    show(_with_domains(name, work), as_json)


@app.command()
def remove(
    name: Name, domain: Domain, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Remove a domain; its people sign in with passwords of here from then on.

    JSON: `domain`, `removed`.
    """
    from app.schemas.connection import RealmDomainCreate

    wanted = judged(RealmDomainCreate, {"domain": domain}).domain

    async def work(domains: "RealmDomainService", connection_id: UUID) -> None:
        row = await domains.named(connection_id, wanted)
        await domains.remove(connection_id, row.id)

    confirm(f"remove {wanted}; its people sign in with passwords of here", yes)
    _with_domains(name, work)
    done = {"domain": wanted, "removed": True}
    show(done, as_json, lines=[f"{wanted} is removed."])


def _plain(domains: "RealmDomainService", row: Any) -> dict[str, Any]:
    plain: dict[str, Any] = domains.shown(row).model_dump(mode="json")
    return plain


def _with_domains(
    name: str, work: "Callable[[RealmDomainService, UUID], Awaitable[Result]]"
) -> Result:
    async def run(uow: "UnitOfWork", runtime: "Runtime") -> Result:
        from app.services.upstreams.errors import ConnectionNotFound
        from app.services.upstreams.realm_domain import RealmDomainService

        connection = await uow.connections.by_name(name)
        if connection is None:
            raise ConnectionNotFound
        service = RealmDomainService(uow, runtime, runtime.connections.forget)
        return await work(service, connection.id)

    return in_transaction(run)
