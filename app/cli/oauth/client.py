"""``client``: applications that sign people in here."""

import json
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from app.cli.base import (
    AsJson,
    Exit,
    Yes,
    confirm,
    fail,
    in_transaction,
    note_address,
    show,
    show_rows,
)
from app.cli.oauth.client_owner import Owner, found, shown
from app.cli.oauth.resource import ForResource, assigned
from app.cli.options import option, said
from app.oauth.client_kind import KINDS, Kind
from app.oauth.client_snippet import Library, Made, snippet

if TYPE_CHECKING:
    from app.config import Settings
    from app.models.oauth.client import OAuthClientSecret
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.clients.change import IssuedSecret
    from app.services.clients.client import OAuthClientService
    from app.services.server.runtime import Runtime

app = typer.Typer(help="Applications that sign people in here.")
secret_app = typer.Typer(help="Secrets of clients.")
app.add_typer(secret_app, name="secret")
Result = TypeVar("Result")
_DAY = 86_400


class Level(StrEnum):
    """How strongly somebody signed in: with one factor, or with two."""

    ONE_FACTOR = "aal1"
    TWO_FACTORS = "aal2"


ClientId = Annotated[str, typer.Argument(help="The client's identifier")]
Name = Annotated[str, option("Shown to people", "--name")]
Back = Annotated[
    list[str] | None,
    option("Where people come back to; may be repeated", "--redirect-uri"),
]
Out = Annotated[
    list[str] | None,
    option("Where they go after signing out", "--post-logout-redirect-uri"),
]
Web = Annotated[bool, option("On a server: the default", "--web")]
Spa = Annotated[bool, option("In the browser, without a secret", "--spa", "--public")]
Native = Annotated[bool, option("On phone or desk, without a secret", "--native")]
Device = Annotated[
    bool, option("Shows a code (RFC 8628): command lines, televisions", "--device")
]
Machine = Annotated[bool, option("Acts for itself, without people", "--machine")]
Scope = Annotated[str | None, option("Between spaces; a machine has none unless named")]
ChosenId = Annotated[
    str | None, option("Of another product; unset: made here", "--client-id")
]
Audience = Annotated[str | None, option("The API that its tokens are for, a URI")]
FirstParty = Annotated[
    bool, option("Consent is not asked for (public: if at https)", "--first-party")
]
ResourceServer = Annotated[
    bool,
    option(
        "May introspect tokens for its audience; a machine without --redirect-uri",
        "--resource-server",
    ),
]
MinimumAcr = Annotated[
    Level | None,
    option("How strongly people sign in to it at least", "--minimum-acr"),
]
Pattern = Annotated[
    list[str] | None,
    option(
        "Redirect URIs of preview deployments, https://*.preview.example.com/cb",
        "--redirect-uri-pattern",
    ),
]
Paste = Annotated[
    Library | None,
    option("Print settings and code to paste, for this library", "--snippet"),
]
More = Annotated[str, option("More members of RFC 7591, as a JSON object")]


@app.command()
def create(
    name: Name,
    redirect_uri: Back = None,
    post_logout_redirect_uri: Out = None,
    web: Web = False,
    spa: Spa = False,
    native: Native = False,
    device: Device = False,
    machine: Machine = False,
    scope: Scope = None,
    client_id: ChosenId = None,
    audience: Audience = None,
    resource: ForResource = None,
    first_party: FirstParty = False,
    resource_server: ResourceServer = False,
    minimum_acr: MinimumAcr = None,
    owner: Owner = None,
    redirect_uri_pattern: Pattern = None,
    metadata: More = "{}",
    paste: Paste = None,
    as_json: AsJson = False,
) -> None:
    """Make a client; its secret is printed now and never again.

    JSON: members of RFC 7591, the administrator's choices, `client_secret` if any.
    """
    if paste is not None and as_json:
        fail("--snippet and --json do not go together")
    flags = dict(zip(Kind, (web, spa, native, device, machine), strict=True))
    named = {
        "client_name": name,
        "redirect_uris": redirect_uri,
        "post_logout_redirect_uris": post_logout_redirect_uri,
        "scope": scope,
    }
    kind = _kind(flags, asks_only=resource_server and not redirect_uri)
    document = {**KINDS[kind], **named, **_object(metadata)}
    choices = {
        "audience": audience,
        "resources": assigned(resource),
        "is_first_party": first_party,
        "is_resource_server": resource_server,
        "minimum_acr": None if minimum_acr is None else str(minimum_acr),
        "redirect_uri_patterns": redirect_uri_pattern or None,
    }
    made, settings = _create(document, choices, client_id, owner)
    if paste is None:
        return show(made, as_json)
    print(snippet(paste, _made(made, settings.public_url)), end="")
    note_address(settings)


@app.command(name="show")
def show_client(client_id: ClientId, as_json: AsJson = False) -> None:
    """Print a client, and what is known of its secrets.

    JSON: what `client create` prints, with `secrets` (`id`, `created_at`,
    `expires_at` each) and never a secret.
    """

    async def work(clients: "OAuthClientService") -> dict[str, Any]:
        row = await clients.get(client_id)
        secrets = [_known(one) for one in await clients.secrets_of(client_id)]
        return {**shown(row), "secrets": secrets}

    show(_with_clients(work), as_json)


@app.command()
def approve(
    client_ids: Annotated[
        list[str], typer.Argument(metavar="CLIENT_ID...", help="Their identifiers")
    ],
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Vouch for them no more, instead")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Vouch for clients that registered themselves: browsers are sent to them.

    Until then people are asked first, and no refusal leads to them.

    JSON: an array of `client_id` and `vouched_by`.
    """
    voucher = "nobody" if revoke else "administrator"

    async def work(clients: "OAuthClientService") -> list[dict[str, Any]]:
        for each in client_ids:
            await clients.update(each, {}, {"vouched_by": voucher}, None)
        return [{"client_id": each, "vouched_by": voucher} for each in client_ids]

    show_rows(_with_clients(work), ("client_id", "vouched_by"), as_json)


@app.command()
def theme(
    client_id: ClientId,
    accent: Annotated[
        str | None, option("Main actions and links on its pages, #rrggbb", "--accent")
    ] = None,
    accent_dark: Annotated[
        str | None, option("On dark pages; unset: a lighter one", "--accent-dark")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give the pages of a client's flows an accent; without one, the installation's.

    JSON: `client_id`, `theme`.
    """
    given = {"accent": accent, "accent_dark": accent_dark}
    chosen = said(given)

    async def work(clients: "OAuthClientService") -> dict[str, Any]:
        row = await clients.update(client_id, {}, {"theme": chosen or None}, None)
        return {"client_id": row.client_id, "theme": row.theme}

    show(_with_clients(work), as_json)


@app.command()
def delete(client_id: ClientId, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a client and all that people granted to it.

    JSON: `client_id`, `deleted`.
    """

    async def work(clients: "OAuthClientService") -> None:
        await clients.delete(client_id, None)

    confirm(f"delete the client {client_id} and what people granted to it", yes)
    _with_clients(work)
    done = {"client_id": client_id, "deleted": True}
    show(done, as_json, lines=[f"{client_id} is deleted."])


@secret_app.callback()
def _secrets() -> None:
    """Secrets of clients."""


@secret_app.command()
def rotate(client_id: ClientId, as_json: AsJson = False) -> None:
    """Make a new secret; the one until now lives on for a while.

    JSON: `client_id`, `client_secret`.
    """

    async def work(clients: "OAuthClientService") -> dict[str, Any]:
        issued = await clients.rotate_secret(client_id)
        return {"client_id": client_id, **_secret_of(issued)}

    show(_with_clients(work), as_json)


@app.command()
def registration_token(
    ttl: Annotated[int, typer.Option(min=60, help="Seconds that it holds")] = _DAY,
    revoke: Annotated[str | None, typer.Option(help="End this token instead")] = None,
    revoke_all: Annotated[
        bool, typer.Option("--revoke-all", help="End every token instead")
    ] = False,
    no_vouching: Annotated[
        bool,
        typer.Option(
            "--no-vouching", help="People are asked before they are sent to its clients"
        ),
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Print an initial access token (RFC 7591): who has it registers clients.

    It is of use where AUTH_SERVE_OAUTH__REGISTRATION is token; where it is open, the
    clients that bring one are vouched for and the others are not.

    JSON: `token` and `expires_in`, or `revoked`.
    """
    from app.services.clients.registration import OAuthRegistrationService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> str:
        registrations = OAuthRegistrationService(uow, runtime)
        if revoke is None and not revoke_all:
            return await registrations.issue_token(ttl, vouches=not no_vouching)
        await registrations.revoke_token(None if revoke_all else revoke)
        return ""

    if revoke_all:
        confirm("end every initial access token", yes)
    token = in_transaction(work)
    done = {"token": token, "expires_in": ttl} if token else {"revoked": True}
    show(done, as_json, lines=[token or "Revoked."])


def _create(
    document: Mapping[str, Any],
    choices: Mapping[str, Any],
    client_id: str | None,
    owner: str | None,
) -> tuple[dict[str, Any], "Settings"]:
    """Make a client; return it, and the settings that say where it finds us."""
    from app.services.clients.client import OAuthClientService

    async def work(
        uow: "UnitOfWork", runtime: "Runtime"
    ) -> tuple[dict[str, Any], "Settings"]:
        clients = OAuthClientService(uow, runtime)
        owned = {**choices, "owner_id": await found(uow, runtime, owner)}
        row, secret = await clients.create(document, owned, client_id)
        return {**shown(row), **_secret_of(secret)}, runtime.settings

    return in_transaction(work)


def _made(members: Mapping[str, Any], issuer: str) -> Made:
    outs = members.get("post_logout_redirect_uris", ())
    return Made(
        issuer=issuer,
        client_id=members["client_id"],
        secret=members.get("client_secret", ""),
        redirect_uri=next(iter(members.get("redirect_uris", ())), ""),
        scope=members.get("scope", ""),
        post_logout_redirect_uri=next(iter(outs), ""),
    )


def _kind(flags: Mapping[Kind, bool], asks_only: bool) -> Kind:
    chosen = [kind for kind, is_chosen in flags.items() if is_chosen]
    if len(chosen) > 1:
        fail(f"--{chosen[0]} and --{chosen[1]} do not go together", Exit.USAGE)
    # an API that only asks about tokens signs nobody in
    usual = Kind.MACHINE if asks_only else Kind.WEB
    return chosen[0] if chosen else usual


# What an administrator says of a client, and it never says of itself.
_OPTIONS = {
    "audience": "--audience",
    "resources": "--resource",
    "is_first_party": "--first-party",
    "is_resource_server": "--resource-server",
    "minimum_acr": "--minimum-acr",
    "redirect_uri_patterns": "--redirect-uri-pattern",
    "theme": "auth-serve client theme",
    "token_exchange": "auth-serve client token-exchange",
    "id_token_claims": "auth-serve client claims",
    "claim_mappings": "auth-serve client claims",
    "owner_id": "--owner",
}


def _object(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        fail("--metadata must be a JSON object", Exit.USAGE)
    for name in content.keys() & _OPTIONS.keys():
        fail(f"{name} is no metadata: use {_OPTIONS[name]}", Exit.USAGE)
    return content


def _with_clients(
    work: "Callable[[OAuthClientService], Awaitable[Result]]",
) -> Result:
    from app.services.clients.client import OAuthClientService

    async def run(uow: "UnitOfWork", runtime: "Runtime") -> Result:
        return await work(OAuthClientService(uow, runtime))

    return in_transaction(run)


def _known(secret: "OAuthClientSecret") -> dict[str, Any]:
    names = ("id", "created_at", "expires_at")
    return {name: getattr(secret, name) for name in names}


def _secret_of(secret: "IssuedSecret | None") -> dict[str, str]:
    return {"client_secret": secret.value} if secret else {}
