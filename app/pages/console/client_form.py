"""What the console's forms about an application have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from app.core.language import N_, Message, gettext
from app.models.oauth.client import OAuthClient
from app.models.user import User
from app.oauth.client_kind import KINDS, Kind, signs_in
from app.oauth.client_snippet import Library, Made, snippet
from app.oauth.grants.client_credentials import own_scope
from app.oauth.grants.device_code import DeviceCode
from app.oauth.supported import Supported
from app.pages.console.frame import Here
from app.pages.console.sections import CLIENTS, USERS
from app.pages.parts.form import Values, refused
from app.pages.parts.refusal_texts import NO_OWNER
from app.services.clients.client import OAuthClientService

API, OWNER = "api", "owner_id"
_ACCENTS = ("accent", "accent_dark")
LABELS = {
    "client_name": N_("Name"),
    "redirect_uris": N_("Redirect URIs"),
    "post_logout_redirect_uris": N_("After sign-out"),
    "scope": N_("Scopes"),
    "audience": N_("API (audience)"),
    "minimum_acr": N_("Sign-in at least with"),
    "owner_id": N_("Owner"),
    "theme.accent": N_("Accent"),
    "theme.accent_dark": N_("Accent on dark pages"),
    "typed": N_("Client ID"),
    "test": N_("Redirect URI"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind of application to choose from.

    Attributes:
        metadata: What follows from it, as RFC 7591 has it.
        libraries: Whose code is shown for it.
    """

    name: str
    label: Message
    hint: Message
    icon: str
    metadata: Mapping[str, Any]
    libraries: tuple[Library, ...] = ()

    @property
    def signs_in(self) -> bool:
        """Whether people sign in to it."""
        return signs_in(self.metadata["grant_types"])

    @property
    def comes_back(self) -> bool:
        """Whether they are sent back to it afterwards."""
        return "authorization_code" in self.metadata["grant_types"]


# As their authors write them; curl is the same in every language.
_NAMES = {
    Library.FLASK: "Flask (Authlib)",
    Library.FASTAPI: "FastAPI (Authlib)",
    Library.EXPRESS: "Express (express-openid-connect)",
    Library.PASSPORT: "Passport (passport-openidconnect)",
    Library.SPA: "oidc-client-ts",
    Library.NATIVE: "react-native-app-auth",
}
_SERVER = (Library.FLASK, Library.FASTAPI, Library.EXPRESS, Library.PASSPORT)
CHOICES = {
    choice.name: choice
    for choice in (
        Choice(
            "web",
            N_("Web application on a server"),
            N_("Python, Node.js, PHP, Java and the like. It keeps a secret."),
            "globe",
            KINDS[Kind.WEB],
            _SERVER,
        ),
        Choice(
            "spa",
            N_("Single-page application"),
            N_("Runs in the browser, so it has no secret."),
            "code",
            KINDS[Kind.SPA],
            (Library.SPA,),
        ),
        Choice(
            "native",
            N_("App on a phone or computer"),
            N_("Opens the browser to sign in, and has no secret."),
            "phone",
            KINDS[Kind.NATIVE],
            (Library.NATIVE,),
        ),
        Choice(
            "device",
            N_("Device or command line"),
            N_(
                "Shows a code that is typed into a browser elsewhere, and has no "
                "secret."
            ),
            "laptop",
            KINDS[Kind.DEVICE],
            (Library.DEVICE,),
        ),
        Choice(
            "machine",
            N_("Machine"),
            N_("A program that acts for itself, without people."),
            "settings",
            KINDS[Kind.MACHINE],
            (Library.MACHINE,),
        ),
        Choice(
            API,
            N_("API"),
            N_("Takes tokens of other applications, and may ask about them."),
            "hook",
            KINDS[Kind.MACHINE],
            (Library.API,),
        ),
    )
}


def address_of(client_id: str, **more: str) -> str:
    """Return the page of a client; an identifier may have anything in it."""
    query = {"id": client_id, **more}
    said = "&".join(f"{name}={quote(text, safe='')}" for name, text in query.items())
    return f"{CLIENTS.path}/one?{said}"


def own_scopes(supported: Supported) -> list[str]:
    """Return what a program may have for itself, to be shown beside the field."""
    return sorted(own_scope(supported.scopes))


def labels() -> dict[str, str]:
    """Return the labels of all fields, for who is told what is wrong."""
    return {name: gettext(label) for name, label in LABELS.items()}


def metadata_in(values: Values, comes_back: bool) -> dict[str, Any]:
    """Return the members of RFC 7591 that a form has; lists are typed in lines."""
    members: dict[str, Any] = {
        "client_name": values.get("client_name", "").strip(),
        "scope": " ".join(values.get("scope", "").split()) or None,
    }
    if comes_back:
        for name in ("redirect_uris", "post_logout_redirect_uris"):
            members[name] = values.get(name, "").split()
    return members


def choices_in(values: Values) -> dict[str, Any]:
    """Return what the administrator decides."""
    return {
        "is_first_party": "is_first_party" in values,
        "minimum_acr": values.get("minimum_acr") or None,
        "audience": values.get("audience", "").strip() or None,
        "theme": theme_in(values),
    }


async def owner_in(
    here: Here, clients: OAuthClientService, values: Values
) -> dict[str, Any]:
    """Return whom a form has as the owner, by address or id; nothing if it has none.

    Raises:
        Unprocessable: There is no such account, for all that the visitor may know.
    """
    if OWNER not in values:
        return {}
    typed = values[OWNER].strip()
    try:
        return {OWNER: UUID(typed) if typed else None}
    except ValueError:
        may_know = here.actor.may(USERS.permission)
        user = may_know and await clients.account_at(typed)
    if not user:
        raise refused(OWNER, "invalid_owner", NO_OWNER)
    return {OWNER: user.id}


def owner_of(here: Here, row: OAuthClient, owner: User | None) -> dict[str, str]:
    """Return what that field has in it: an address, to whom may read accounts."""
    if owner and here.actor.may(USERS.permission):
        return {OWNER: owner.email}
    return {OWNER: str(row.owner_id or "")}


def theme_in(values: Values) -> dict[str, str] | None:
    """Return the accents that a form has; None where the installation's are wanted."""
    typed = {name: values.get(f"theme.{name}", "").strip() for name in _ACCENTS}
    return {name: said for name, said in typed.items() if said} or None


def theme_of(row: OAuthClient) -> dict[str, str]:
    """Return what the same fields have in them before anybody types."""
    theme = row.theme or {}
    return {f"theme.{name}": theme.get(name) or "" for name in _ACCENTS}


def pasted(
    issuer: str, row: OAuthClient, secret: str, choice: Choice | None = None
) -> list[tuple[str, str]]:
    """Return the name of each library that goes with a client, and code for it."""
    document = row.document
    made = Made(
        issuer=issuer,
        client_id=row.client_id,
        secret=secret,
        redirect_uri=next(iter(document.get("redirect_uris", ())), ""),
        scope=document.get("scope", ""),
        post_logout_redirect_uri=next(
            iter(document.get("post_logout_redirect_uris", ())), ""
        ),
    )
    libraries = (choice or kind_of(row)).libraries
    return [(_NAMES.get(each, "curl"), snippet(each, made)) for each in libraries]


def settings_of(issuer: str, row: OAuthClient) -> list[tuple[Message, Sequence[str]]]:
    """Return what an application is configured with; none of it is secret."""
    document, choice = row.document, kind_of(row)
    method = document.get("token_endpoint_auth_method", "client_secret_basic")
    told: list[tuple[Message, Sequence[str]]] = [
        (N_("Issuer"), [issuer]),
        (N_("Discovery"), [f"{issuer}/.well-known/openid-configuration"]),
        (LABELS["redirect_uris"], document.get("redirect_uris", ())),
        (
            LABELS["post_logout_redirect_uris"],
            document.get("post_logout_redirect_uris", ()),
        ),
        (LABELS["scope"], [document.get("scope", "")]),
        (N_("Client authentication"), [method]),
        (N_("Code challenge method"), ["S256"] if choice.comes_back else ()),
        (N_("Token endpoint"), [f"{issuer}/oauth2/token"]),
    ]
    if DeviceCode.name in document.get("grant_types", ()):
        address = f"{issuer}/oauth2/device_authorization"
        told.append((N_("Device authorization endpoint"), [address]))
    if row.is_resource_server:
        told.append((N_("Introspection"), [f"{issuer}/oauth2/introspect"]))
    return [(name, values) for name, values in told if any(values)]


def kind_of(row: OAuthClient) -> Choice:
    """Return what a client looks like; it may have been made by other means."""
    document = row.document
    grants = document.get("grant_types", ())
    if "authorization_code" not in grants and DeviceCode.name in grants:
        return CHOICES["device"]
    if "authorization_code" not in grants:
        return CHOICES[API if row.is_resource_server else "machine"]
    if document.get("application_type") == "native":
        return CHOICES["native"]
    is_public = document.get("token_endpoint_auth_method") == "none"
    return CHOICES["spa" if is_public else "web"]
