"""``resource``: APIs that tokens are asked for by name."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from app.cli.accounts.user_account import judged
from app.cli.base import (
    AsJson,
    Exit,
    Yes,
    confirm,
    every_page,
    fail,
    in_transaction,
    shape,
    show,
    show_rows,
)
from app.cli.options import option, said

if TYPE_CHECKING:
    from app.services.clients.client import OAuthClientService
    from app.services.clients.resource import KnownResource, OAuthResourceService

app = typer.Typer(help="APIs that tokens are asked for by name.")
Result = TypeVar("Result")


class Access(StrEnum):
    """Who may ask for tokens."""

    ASSIGNED = "assigned"
    ANY = "any"


class TokenType(StrEnum):
    """What the header of a token says."""

    ACCESS_TOKEN = "at+jwt"
    PLAIN = "JWT"


class Form(StrEnum):
    """How a claim is written."""

    STRING = "string"
    LIST = "list"


class Status(StrEnum):
    """Whether it gets tokens."""

    ACTIVE = "active"
    DISABLED = "disabled"


ForResource = Annotated[
    list[str] | None,
    option('An API that it may name: "IDENTIFIER [SCOPE ...]"', "--resource"),
]
Identifier = Annotated[str, typer.Argument(help="What aud says of the API")]
Name = Annotated[str | None, option("Shown to people", "--name")]
Scopes = Annotated[
    list[str] | None,
    option("NAME=MEANING for people; may be repeated, and replaces all", "--scope"),
]
WhoMay = Annotated[Access | None, option("Clients assigned to it, or any", "--access")]
Ttl = Annotated[
    int | None, option("Seconds that its tokens live; 0: as usual", "--ttl")
]
Algorithm = Annotated[
    str | None, option("Signature of its tokens; usual: the server's", "--algorithm")
]
Typ = Annotated[
    TokenType | None, option("JWT for libraries that know no other", "--typ")
]
AudienceForm = Annotated[Form | None, option("How aud is written", "--audience-form")]
ScopeForm = Annotated[Form | None, option("How scope is written", "--scope-form")]
Status_ = Annotated[Status | None, option("Whether it gets tokens", "--status")]


@app.command(name="list")
def list_resources(as_json: AsJson = False) -> None:
    """Print every API, those that the settings declare among them.

    JSON: an array of `Resource`.
    """

    async def work(resources: "OAuthResourceService") -> list[dict[str, Any]]:
        rows = await every_page(resources.list_page, lambda each: each.identifier)
        return [_shown(each) for each in rows]

    columns = ("identifier", "status", "access", "source", "name")
    show_rows(_with_resources(work), columns, as_json)


@app.command(name="show")
def show_resource(identifier: Identifier, as_json: AsJson = False) -> None:
    """Print an API.

    JSON: `Resource`.
    """

    async def work(resources: "OAuthResourceService") -> dict[str, Any]:
        return _shown(await resources.by_identifier(identifier))

    show(_with_resources(work), as_json)


@app.command()
def create(
    identifier: Identifier,
    name: Name = None,
    scope: Scopes = None,
    access: WhoMay = None,
    ttl: Ttl = None,
    algorithm: Algorithm = None,
    typ: Typ = None,
    audience_form: AudienceForm = None,
    scope_form: ScopeForm = None,
    as_json: AsJson = False,
) -> None:
    """Register an API; until it is open or assigned, nobody has tokens for it.

    JSON: `Resource`.
    """
    from app.schemas.base import plain
    from app.schemas.resource import ResourceCreate

    given = _given(name, scope, access, typ, audience_form, scope_form, algorithm, ttl)
    choices = plain(judged(ResourceCreate, given | {"identifier": identifier}))

    async def work(resources: "OAuthResourceService") -> dict[str, Any]:
        return _shown(await resources.create(choices.pop("identifier"), choices))

    show(_with_resources(work), as_json)


@app.command()
def update(
    identifier: Identifier,
    name: Name = None,
    scope: Scopes = None,
    access: WhoMay = None,
    ttl: Ttl = None,
    algorithm: Algorithm = None,
    typ: Typ = None,
    audience_form: AudienceForm = None,
    scope_form: ScopeForm = None,
    status: Status_ = None,
    as_json: AsJson = False,
) -> None:
    """Change an API; what is withdrawn is in no new token, whatever was granted.

    JSON: `Resource`.
    """
    from app.schemas.base import plain
    from app.schemas.resource import ResourceChange

    given = _given(name, scope, access, typ, audience_form, scope_form, algorithm, ttl)
    if status is not None:
        given["status"] = str(status)
    choices = plain(judged(ResourceChange, given))
    choices |= {"access_token_ttl": None} if ttl == 0 else {}

    async def work(resources: "OAuthResourceService") -> dict[str, Any]:
        known = await resources.by_identifier(identifier)
        return _shown(await resources.update(known.id, choices, None))

    show(_with_resources(work), as_json)


@app.command()
def assign(
    identifier: Identifier,
    client_id: Annotated[str, typer.Argument(help="The client's identifier")],
    scope: Annotated[
        list[str] | None, option("Only this scope; may be repeated", "--scope")
    ] = None,
    revoke: Annotated[bool, option("Take it from the client", "--revoke")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a client ask for tokens for an API, with all scopes or some.

    JSON: `client_id`, `resources`.
    """

    async def work(clients: "OAuthClientService") -> dict[str, Any]:
        held = dict((await clients.get(client_id, lock=True)).resources or {})
        held.pop(identifier, None)
        if not revoke:
            held[identifier] = scope
        row = await clients.update(client_id, {}, {"resources": held or None}, None)
        return {"client_id": row.client_id, "resources": row.resources or {}}

    show(_with_clients(work), as_json)


@app.command()
def delete(identifier: Identifier, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete an API: no grant gives a token for it any more.

    JSON: `identifier`, `deleted`.
    """

    async def work(resources: "OAuthResourceService") -> None:
        known = await resources.by_identifier(identifier)
        await resources.delete(known.id, None)

    confirm(f"delete the resource {identifier}", yes)
    _with_resources(work)
    done = {"identifier": identifier, "deleted": True}
    show(done, as_json, lines=[f"{identifier} is deleted."])


def assigned(named: list[str] | None) -> dict[str, list[str] | None] | None:
    """Return what a client is to have at APIs, each ``IDENTIFIER [SCOPE ...]``."""
    words = [text.split() or [""] for text in named or ()]
    return {identifier: scopes or None for identifier, *scopes in words} or None


def _given(
    name: str | None,
    scope: list[str] | None,
    access: Access | None,
    typ: TokenType | None,
    audience_form: Form | None,
    scope_form: Form | None,
    algorithm: str | None,
    ttl: int | None,
) -> dict[str, Any]:
    """Return what was said, as the API has it."""
    return said(
        {
            "name": name,
            "scopes": None if scope is None else dict(map(_scope, scope)),
            "access": access and str(access),
            "typ": typ and str(typ),
            "audience_form": audience_form and str(audience_form),
            "scope_form": scope_form and str(scope_form),
            "algorithm": algorithm,
            "access_token_ttl": ttl or None,
        }
    )


def _scope(text: str) -> tuple[str, str]:
    name, mark, meaning = text.partition("=")
    if not name or not mark:
        fail(f"--scope must read NAME=MEANING, not {text}", Exit.USAGE)
    return name, meaning


def _shown(resource: "KnownResource") -> dict[str, Any]:
    from app.schemas.resource import Resource

    return shape(Resource, resource)


def _with_resources(
    work: "Callable[[OAuthResourceService], Awaitable[Result]]",
) -> Result:
    from app.services.clients.resource import OAuthResourceService

    return in_transaction(lambda uow, at: work(OAuthResourceService(uow, at)))


def _with_clients(work: "Callable[[OAuthClientService], Awaitable[Result]]") -> Result:
    from app.services.clients.client import OAuthClientService

    return in_transaction(lambda uow, at: work(OAuthClientService(uow, at)))
