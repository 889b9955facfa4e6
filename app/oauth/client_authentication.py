"""RFC 6749 §2.3, §3.2.1 and §5.2: who asks, at every endpoint that clients ask at.

A request presents one method, and it must be one that the client may use: a client with
a key cannot be imitated with a secret, nor one with a secret by its name. Whether a
secret comes in the header or in the body is left to the client's library, which often
has no choice: it is the same secret over the same connection, and proves the same.
"""

from app.oauth.client_auth import METHODS
from app.oauth.client_auth.base import (
    ClientAuthenticator,
    Credentials,
    Surroundings,
)
from app.oauth.client_auth.client_secret_basic import CHALLENGE
from app.oauth.clients.client import AuthMethod, Client, ClientSecret
from app.oauth.errors import InvalidClient, InvalidRequest
from app.oauth.parameters import Parameters
from app.oauth.ports import Clients

_FAILED = "client authentication failed"
_BY_SECRET = frozenset({"client_secret_basic", "client_secret_post"})
# Whoever is unknown is checked against these: as much work, and never a success. The
# private halves were thrown away; no text is known whose digest is all zeros.
_DECOY_SECRETS = (ClientSecret(digest=bytes(32)),)
_DECOY_JWKS = {
    "keys": [
        {
            "kty": "RSA",
            "e": "AQAB",
            "n": "0PrONv2y06wZXWViDmHiP5uiAR8j8hXpXe5f9dr5fHsfiK56RzQiV9KB9Z1snylh"
            "LBHgXLtDo810LJAMj_7yQxDLmbj2czeTdhWqKYgRgIG1QugJB9Hjb3NIQ198gBt4zvsQ"
            "-H8WBPt9Ohuxn-vmlt6ToG3tXZlFVLUGteJ_ME1MetQs8gf5ycDpPil93dX8X1CPes0S"
            "0UrAGt3mnGrjmEAq5BIYRzZT1CqEBTMnnK-KNrWJ05r-eMpmMTtMrTx_yPl6DRvFxYkl"
            "F7kzD4Uhi8OMzu6O3qkEc9ZlsYKoZL04a3kJYHpACglMwMPjDSsZGJtKwcj4ifDtAJYi"
            "PXI2gw",
        },
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "52SBCIZ6VmKxvkg2uHhaWhR08VlO66qvwpAcMeWRbx8",
            "y": "g-EVkY7TdAGgbTMHFM5h8hN3jFrMafX8FeZcFK-Fu_U",
        },
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "rPwukRQSzl0LM4e2hUHd3GJMto9MWhlAEiGI0FGTtdQ",
        },
    ]
}


async def authenticate_client(
    authorization: str | None,
    parameters: Parameters,
    *,
    clients: Clients,
    surroundings: Surroundings,
) -> Client:
    """Return the client that a request comes from.

    Args:
        authorization: The field of the request, if there was one; two are for the
            caller to refuse.
        parameters: The body; credentials in a URL do not count (RFC 6749 §2.3.1).
        clients: Where clients are found.
        surroundings: What credentials are judged by.

    Raises:
        InvalidRequest: Two methods at once, or names of two clients.
        InvalidClient: Anything else; the answer is the same, the hint says what.
    """
    try:
        method, credentials = _read(authorization, parameters)
        return await _authenticate(method, credentials, clients, surroundings)
    except InvalidClient as refusal:
        refusal.description = _FAILED
        refusal.challenge = None if authorization is None else CHALLENGE
        raise


def _read(
    authorization: str | None, parameters: Parameters
) -> tuple[ClientAuthenticator, Credentials]:
    presented = [
        (method, credentials)
        for method in METHODS
        if (credentials := method.read(authorization, parameters)) is not None
    ]
    if not presented:
        raise InvalidClient(hint="the request has no client authentication")
    if len(presented) > 1:
        names = " and ".join(method.name for method, _ in presented)
        raise InvalidRequest("more than one client authentication", hint=names)
    method, credentials = presented[0]
    named = parameters.get("client_id")
    if named is not None:
        credentials = _of_client(credentials, named)
    return method, credentials


def _of_client(credentials: Credentials, client_id: str) -> Credentials:
    """Return the reading of the credentials that is of the client named in the body.

    Raises:
        InvalidRequest: None is.
    """
    for reading in credentials.readings:
        if reading.client_id == client_id:
            return reading
    hint = f"{credentials.method} is for {ascii(credentials.client_id)[:200]}"
    raise InvalidRequest("client_id is of another client", hint=hint)


async def _authenticate(
    method: ClientAuthenticator,
    credentials: Credentials,
    clients: Clients,
    surroundings: Surroundings,
) -> Client:
    """Return the client that one reading of the credentials proves.

    Raises:
        InvalidClient: None does; the hint is about the reading of the standard.
    """
    refusals = []
    for reading in credentials.readings:
        try:
            return await _prove(method, reading, clients, surroundings)
        except InvalidClient as error:
            refusals.append(error)
    raise refusals[0]


async def _prove(
    method: ClientAuthenticator,
    credentials: Credentials,
    clients: Clients,
    surroundings: Surroundings,
) -> Client:
    client = await clients.by_client_id(credentials.client_id)
    if client is None or not may_use(client, method.name):
        reason = _mismatch(client, credentials)
        try:
            await method.verify(_decoy(method.name), credentials, surroundings)
        except InvalidClient as refusal:
            raise InvalidClient(hint=reason) from refusal
        raise InvalidClient(hint=reason)
    await method.verify(client, credentials, surroundings)
    return client


def may_use(client: Client, method: AuthMethod) -> bool:
    """Tell whether a client may prove who it is by a method."""
    registered = client.token_endpoint_auth_method
    return method == registered or {method, registered} <= _BY_SECRET


def _mismatch(client: Client | None, credentials: Credentials) -> str:
    if client is None:
        return f"no client {ascii(credentials.client_id)[:200]}"
    registered = client.token_endpoint_auth_method
    return f"registered for {registered}, tried {credentials.method}"


def _decoy(method: AuthMethod) -> Client:
    return Client(
        client_id="",
        token_endpoint_auth_method=method,
        secrets=_DECOY_SECRETS,
        jwks=_DECOY_JWKS,
    )
