"""What applications ask for, in words for people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from app.core.context import current
from app.core.language import N_, gettext
from app.oauth.clients.client import Client
from app.oauth.clients.metadata_document import domain_of
from app.oauth.clients.redirect_uri import is_native
from app.oauth.clients.resource import Resource
from app.oauth.clients.start import is_page
from app.oauth.device.authorization import DeviceRequest
from app.oauth.interaction import Step, scope_elsewhere, scopes_by_resource
from app.oauth.tokens import own_api
from app.oauth.uri import parse_uri
from app.services.oauth.authorization import AuthorizationService
from app.services.oauth.flow import FlowNotFound
from app.services.oauth.outcome import Waiting
from app.services.oauth.refusal import UnanswerableRequest
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser
from app.utils.helpers import as_segment, printable

LOGO = "/application-logo"  # where `application_logo.py` serves pictures
_SCOPES = {
    "openid": N_("Recognise you when you come back"),
    "profile": N_("Your profile: name, picture, birth date, language and the like"),
    "email": N_("Your email address"),
    "address": N_("Your postal address"),
    "phone": N_("Your phone number"),
    "groups": N_("The groups that you are in"),
    "roles": N_("Your roles"),
    "account": N_(
        "Manage your account for you: see and change your profile, address and "
        "password, end sessions, set up how you sign in, export or delete everything"
    ),
    "offline_access": N_("Keep this access while you are away, until you take it back"),
}
_ACT_THERE = N_("Act there in your name")
_CLAIMS = {
    "name": N_("Your name"),
    "family_name": N_("Your family name"),
    "given_name": N_("Your given name"),
    "middle_name": N_("Your middle name"),
    "nickname": N_("Your nickname"),
    "preferred_username": N_("The name that you like to be called by"),
    "profile": N_("The address of your profile page"),
    "picture": N_("Your picture"),
    "website": N_("The address of your web site"),
    "gender": N_("Your gender"),
    "birthdate": N_("Your date of birth"),
    "zoneinfo": N_("Your time zone"),
    "locale": N_("Your language"),
    "updated_at": N_("When your profile was changed last"),
    "email": N_("Your email address"),
    "email_verified": N_("Whether your email address is confirmed"),
    "address": N_("Your postal address"),
    "phone_number": N_("Your phone number"),
    "phone_number_verified": N_("Whether your phone number is confirmed"),
    "groups": N_("The groups that you are in"),
    "roles": N_("Your roles"),
}
_ICONS = {
    "openid": "key",
    "email": "mail",
    "address": "place",
    "phone": "phone",
    "account": "settings",
    "offline_access": "clock",
    "groups": "people",
    "roles": "shield",
    "birthdate": "calendar",
    "zoneinfo": "clock",
    "locale": "globe",
    "website": "globe",
    "picture": "camera",
}
_LINKS = {
    "client_uri": N_("About the application"),
    "policy_uri": N_("Its privacy policy"),
    "tos_uri": N_("Its terms of service"),
}
_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class AskingApplication:
    """An application as people see it; all of it is text that the page escapes.

    Attributes:
        name: What it calls itself.
        place: Where the answer goes, which it cannot make up.
        links: Text and address of its own pages.
        logo: Where its picture is, at our own origin; empty if it names none.
        is_vouched_for: Whether somebody here answers for it (ADR-0014).
        domain: Who answers for it elsewhere: where the document is that it is known by
            (ADR-0087); empty for what is registered here.
        is_local: Whether the answer goes to a program, which any other may pretend to
            be.
    """

    name: str
    place: str
    links: tuple[tuple[str, str], ...]
    logo: str
    is_vouched_for: bool = True
    domain: str = ""
    is_local: bool = False

    @property
    def full_name(self) -> str:
        """Name and place in one; a name alone may be anybody's."""
        known_by = self.known_by
        return self.name if self.name == known_by else f"{self.name} ({known_by})"

    @property
    def known_by(self) -> str:
        """What people can know it by: the domain of its document, and the place.

        Whoever writes a document may name any place, and that is who gets the answer;
        on the person's own device it has no name.
        """
        named = (self.domain, "" if self.domain and self.is_local else self.place)
        return ", ".join(dict.fromkeys(filter(None, named)))


async def waiting_at(browser: Browser, flow: str, runtime: Runtime) -> Waiting | None:
    """Return what waits for somebody who signs in, for a page that works without too.

    None where nothing of this browser's waits: going on will say so.
    """
    if not flow:
        return None
    try:
        return await AuthorizationService(runtime).look(flow, browser)
    except (FlowNotFound, UnanswerableRequest):
        return None


def hinted_email(waiting: Waiting | None) -> str:
    """Return the ``login_hint``, for a field: it is something to type less, no more."""
    return (waiting.request.login_hint or "") if waiting else ""


def expected_email(waiting: Waiting | None) -> str:
    """Return the hint, or the address of who has to sign in once more."""
    account = waiting.account if waiting and waiting.step is Step.LOGIN else None
    return hinted_email(waiting) or (account.email if account else "")


def asking(waiting: Waiting | None) -> AskingApplication | None:
    """Return who asks, if anybody does."""
    return application_of(waiting) if waiting else None


def application_of(waiting: Waiting) -> AskingApplication:
    """Return who asks."""
    request = waiting.request
    if isinstance(request, DeviceRequest):
        return _application(request.client, _home_of(request.client))
    uri = request.redirect_uri
    application = _application(request.client, place_name(uri))
    return replace(application, is_local=is_native(uri))


def _home_of(client: Client) -> str:
    """Return the hosts of a client's pages, as far as somebody here answers for them.

    A device is sent nowhere, so nothing else shows that a host is the client's.
    """
    own = [*client.redirect_uris, client.links.get("client_uri", "")]
    hosts = [each.host for uri in own if (each := parse_uri(uri)) and is_page(uri)]
    named = dict.fromkeys(hosts) if client.is_vouched_for else {}
    return ", ".join(named) or place_name("")


def registered_application(client: Client) -> AskingApplication:
    """Return an application without a request of its own: all its places are told."""
    places = dict.fromkeys(place_name(uri) for uri in client.redirect_uris)
    return _application(client, ", ".join(places))


def returning_application(client: Client, redirect_uri: str) -> AskingApplication:
    """Return an application that somebody came from.

    Args:
        client: Which.
        redirect_uri: Where its answer would have gone; empty if that is not known.
    """
    if not redirect_uri:
        return registered_application(client)
    return _application(client, place_name(redirect_uri))


def _application(client: Client, place: str) -> AskingApplication:
    domain = domain_of(client.client_id) if client.has_document else ""
    name = printable(client.client_name, _MAX_NAME).strip() or domain or place
    logo = (
        f"{LOGO}/{as_segment(client.client_id)}" if "logo_uri" in client.links else ""
    )
    return AskingApplication(
        name=name,
        place=place,
        links=_links(client),
        logo=logo,
        is_vouched_for=client.is_vouched_for,
        domain=domain,
    )


def place_name(redirect_uri: str) -> str:
    """Return what people are told of where a URI leads."""
    parsed = parse_uri(redirect_uri)
    if parsed is not None and _is_ours(redirect_uri):
        return parsed.host if parsed.port is None else f"{parsed.host}:{parsed.port}"
    if parsed is None or parsed.scheme not in ("http", "https") or parsed.is_loopback:
        return gettext("a program on your device")
    return parsed.host


def _is_ours(redirect_uri: str) -> bool:
    """Tell whether the answer comes to this service itself, as the demo's does.

    In development that is on this machine, and yet no program that anybody may be.
    """
    app = current().scope.get("app")
    if app is None:
        return False
    own: str = app.state.runtime.settings.public_url
    return redirect_uri.startswith(f"{own}/")


def _links(client: Client) -> tuple[tuple[str, str], ...]:
    """Return the links that a browser may follow; a script is no page."""
    known = ((text, client.links.get(name, "")) for name, text in _LINKS.items())
    return tuple((text, url) for text, url in known if is_page(url))


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that an application asks for.

    Attributes:
        icon: Its picture, one of ``components/icon.html``.
        is_new: Whether this application was never allowed it before.
    """

    text: str
    icon: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class AskedApi:
    """An API that an application wants tokens for, and what it wants there.

    Attributes:
        name: What the operator calls it, or else its identifier.
        identifier: What nobody can make up; empty where it is the name.
    """

    name: str
    identifier: str
    wishes: tuple[Wish, ...]


def asked_at(waiting: Waiting, issuer: str) -> list[AskedApi]:
    """Return what is asked for at APIs that are named (RFC 8707).

    Of this server itself nothing is told here: that is who people are.
    """
    request, own = waiting.request, (issuer, own_api(issuer))
    wanted = scopes_by_resource(request)
    return [
        _asked_api(
            one,
            [name for name in request.scope if name in wanted[one.identifier]],
            waiting.known.resources.get(one.identifier),
        )
        for one in request.resources
        if one.identifier not in own
    ]


def _asked_api(
    api: Resource, scope: list[str], known: frozenset[str] | None
) -> AskedApi:
    wishes = tuple(
        Wish(api.scopes[name] or name, "code", known is None or name not in known)
        for name in scope
        if name not in _SCOPES
    )
    usual = Wish(gettext(_ACT_THERE), "code", known is None)
    is_named = api.name not in ("", api.identifier)
    return AskedApi(
        name=api.name or api.identifier,
        identifier=api.identifier if is_named else "",
        wishes=wishes or (usual,),
    )


def asked_for(waiting: Waiting, scopes: Mapping[str, str]) -> list[Wish]:
    """Return what is asked for, scope by scope and claim by claim, each once.

    What is asked for at APIs that are named, ``asked_at`` returns.

    Args:
        waiting: The request.
        scopes: What the operator says of the scopes of their APIs.
    """
    known = {**scopes, **_SCOPES}
    elsewhere = scope_elsewhere(waiting.request)
    wanted = [
        (known.get(name, name), name, name in waiting.known.scope)
        for name in waiting.request.scope
        if name in elsewhere
    ]
    wanted += [
        (_CLAIMS.get(name, name), name, name in waiting.known.claims)
        for name in waiting.claims
    ]
    found: dict[str, Wish] = {}
    for text, name, is_known in wanted:
        found.setdefault(text, Wish(text, _icon(name), not is_known))
    return list(found.values())


def _icon(name: str) -> str:
    """Return the picture of a scope or a claim; of an operator's own that of code."""
    if name in _CLAIMS or name == "profile":
        stem = name.removesuffix("_verified").removesuffix("_number")
        return _ICONS.get(stem, "person")
    return _ICONS.get(name, "code")


def in_words(
    scope: Iterable[str], claims: Iterable[str], scopes: Mapping[str, str]
) -> tuple[str, ...]:
    """Return what scopes and single claims mean to people.

    Args:
        scope: Names of scopes.
        claims: Names of claims that no scope stands for.
        scopes: What the operator says of the scopes of their APIs.
    """
    known = {**scopes, **_SCOPES}
    texts = [known.get(name, name) for name in scope]
    texts += [_CLAIMS.get(name, name) for name in claims]
    return tuple(dict.fromkeys(texts))
