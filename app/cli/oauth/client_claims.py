"""``client claims``, ``preview``, ``resource claims``: what is told of people."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.accounts.user_account import Who
from app.cli.base import AsJson, Exit, as_operator, fail, in_transaction, shape, show

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime

ClientId = Annotated[str, typer.Argument(help="Identifier of the client")]


def claims(
    client_id: ClientId,
    id_token: Annotated[
        list[str] | None,
        typer.Option("--id-token", help="A claim of the ID token; may be repeated"),
    ] = None,
    mappings: Annotated[
        str | None,
        typer.Option("--mappings", help='[{"claim": "teams", "source": "groups"}]'),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Choose what a client is told; what is not given stays. Without options, print it.

    JSON: `client_id`, `id_token_claims`, `claim_mappings`.
    """
    chosen: dict[str, Any] = {}
    if id_token is not None:
        chosen["id_token_claims"] = [name for name in id_token if name] or None
    if mappings is not None:
        chosen["claim_mappings"] = _array(mappings) or None

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        from app.services.clients.client import OAuthClientService

        clients = OAuthClientService(uow, runtime)
        row = await (
            clients.update(client_id, {}, chosen, None)
            if chosen
            else clients.get(client_id)
        )
        names = ("client_id", "id_token_claims", "claim_mappings")
        return {name: getattr(row, name) for name in names}

    show(in_transaction(work), as_json)


def preview(
    client_id: ClientId,
    who: Who,
    scope: Annotated[
        str | None, typer.Option(help="What it asks for; unset: all it may have")
    ] = None,
    resource: Annotated[
        list[str] | None, typer.Option("--resource", help="May be repeated")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print what a client would be told of somebody who agreed; nothing is signed.

    JSON: `ClaimsPreview`.
    """

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        from app.schemas.preview import ClaimsPreview
        from app.services.oauth.preview import PreviewService

        users, _actor = as_operator(uow, runtime)
        user = await users.find(who)
        previews = PreviewService(uow, runtime)
        shown = await previews.show(client_id, user.id, scope, resource or ())
        return shape(ClaimsPreview, shown)

    show(in_transaction(work), as_json)


def resource_claims(
    identifier: Annotated[str, typer.Argument(help="What aud says of the API")],
    mappings: Annotated[
        str, typer.Argument(help='[{"claim": "teams", "source": "groups"}]')
    ],
    as_json: AsJson = False,
) -> None:
    """Choose what tokens of an API, and introspection, tell it of a person.

    JSON: `identifier`, `claims`.
    """
    chosen = {"claims": _array(mappings)}

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        from app.services.clients.resource import OAuthResourceService

        resources = OAuthResourceService(uow, runtime)
        known = await resources.by_identifier(identifier)
        changed = await resources.update(known.id, chosen, None)
        return {"identifier": identifier, "claims": changed.claims}

    show(in_transaction(work), as_json)


def _array(text: str) -> list[Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, list):
        fail("mappings must be a JSON array", Exit.USAGE)
    return content
