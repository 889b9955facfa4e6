"""OIDC RP-Initiated Logout §2-§4, Front-Channel Logout §2, Back-Channel Logout §2.

A client may ask to end the session and to get the browser back. Nobody is signed out
by a link that a stranger made: without proof that the client knows this very session,
the person is asked first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.oauth.clients.client import Client
from app.oauth.clients.redirect_uri import match_post_logout_redirect_uri
from app.oauth.errors import InvalidRequest
from app.oauth.parameters import Parameters
from app.oauth.uri import add_query


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentSession:
    """Who is signed in at this browser, in the words of ID tokens to this client."""

    sid: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """What a request to sign out comes to.

    Attributes:
        client: Who asks, as far as is known.
        redirect_url: Where the browser goes afterwards; None for a page of ours.
        must_ask: Whether the person has to confirm first.
    """

    client: Client | None
    redirect_url: str | None
    must_ask: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutNotices:
    """Who is told that a session ended.

    Attributes:
        backchannel: Clients that get a logout token.
        frontchannel: Addresses that the signed-out page loads in frames.
    """

    backchannel: tuple[Client, ...]
    frontchannel: tuple[str, ...]


def logout_client_id(params: Parameters, hint: Mapping[str, Any] | None) -> str | None:
    """Return which client asks, or None if the request does not say.

    Args:
        params: The request.
        hint: Claims of the verified ``id_token_hint``, which may be expired; None if
            none was sent, or it did not verify.

    Raises:
        InvalidRequest: To be shown: the hint is not ours, or it was issued to another
            client than ``client_id`` (§2).
    """
    client_id = params.get("client_id")
    if "id_token_hint" not in params:
        return client_id
    if hint is None:
        raise InvalidRequest("id_token_hint is not valid")
    audience = hint.get("aud")
    clients = audience if isinstance(audience, list) else [audience]
    if client_id is None and len(clients) == 1:
        return str(clients[0])
    if client_id not in clients:
        raise InvalidRequest(
            "id_token_hint was issued to another client",
            hint=f"sent {ascii(client_id)}, aud is {ascii(audience)}",
        )
    return client_id


def read_logout(
    params: Parameters,
    *,
    client: Client | None,
    hint: Mapping[str, Any] | None,
    session: CurrentSession | None,
    development: bool = False,
) -> LogoutRequest:
    """Return what is asked for.

    Args:
        params: The request.
        client: The client of ``logout_client_id``.
        hint: Claims of the verified ``id_token_hint``.
        session: Who is signed in, if anybody.
        development: Whether plain http is acceptable on this machine.

    Raises:
        InvalidRequest: To be shown, never redirected (§4): the client is not known,
            or ``post_logout_redirect_uri`` is not one of its own.
    """
    if client is None and logout_client_id(params, hint) is not None:
        raise InvalidRequest("the client is unknown")
    return LogoutRequest(
        client=client,
        redirect_url=_redirect_url(params, client, development),
        must_ask=hint is None or not _belongs(hint, session),
    )


def _redirect_url(
    params: Parameters, client: Client | None, development: bool
) -> str | None:
    """Return where to go; nowhere for a request that does not say from whom (§3)."""
    sent = params.get("post_logout_redirect_uri")
    if sent is None or client is None:
        return None
    uri = match_post_logout_redirect_uri(sent, client, development=development)
    state = params.get("state")
    return uri if state is None else add_query(uri, {"state": state})


def _belongs(hint: Mapping[str, Any], session: CurrentSession | None) -> bool:
    """Tell whether an ID token is of this session; without one, nothing is ended."""
    if session is None:
        return True
    is_same = "sid" not in hint or hint["sid"] == session.sid
    return is_same and hint.get("sub") == session.subject


def logout_notices(clients: Iterable[Client], issuer: str, sid: str) -> LogoutNotices:
    """Return who is told of the end of a session, each client once by each channel.

    A client that registered both is told by both: frames are best effort, since
    browsers keep a framed site's cookies from it.

    Args:
        clients: Every client that was given tokens in this session.
        issuer: The public URL.
        sid: The session, as its ID tokens named it.
    """
    each = {client.client_id: client for client in clients}.values()
    told = [(client, frontchannel_url(client, issuer, sid)) for client in each]
    return LogoutNotices(
        backchannel=tuple(c for c, _ in told if c.backchannel_logout_uri),
        frontchannel=tuple(url for _, url in told if url),
    )


def frontchannel_url(client: Client, issuer: str, sid: str) -> str | None:
    """Return what is framed, if the client has it.

    ``iss`` and ``sid`` are there always and together, whether the client demands them
    or not (Front-Channel Logout §2).
    """
    uri = client.frontchannel_logout_uri
    return add_query(uri, {"iss": issuer, "sid": sid}) if uri else None
