"""A provider as the documents of real ones describe them, or as an attacker makes one.

It speaks real HTTP on loopback. Where a provider's addresses are fixed, ``Rerouted``
leads them here, with the host that was meant as the first part of the path.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from joserfc.jws import JWSRegistry

from app.core import jose
from app.core.outbound import OutboundClient, OutboundResponse
from tests.oauth.token_support import KEYS
from tests.security.forgery import forge, parts
from tests.servers.http import Answer, HttpServer
from tests.support.chance import FakeClock

CLIENT_ID = "s6BhdRkqt3"
SECRET = "gX1f+Bat 3bV"  # with what a form writes otherwise
PERSON: dict[str, Any] = {
    "sub": "248289761001",
    "name": "Jane Doe",
    "email": "janedoe@example.com",
    "email_verified": True,
}
LATER = jose.generate_key("ES256")


def pem(key: Any) -> str:
    """Return a private key as operators have it."""
    return str(key.as_pem(private=True).decode())


@dataclass
class Code:
    """What a code was given for."""

    asked: dict[str, str]
    is_used: bool = False


@dataclass
class Behaviour:
    """How a provider deviates.

    Attributes:
        discovery: Where its metadata is; None is where its issuer says.
        endpoints: What it has elsewhere than at its issuer.
        has_nonce: Whether its ID tokens have one.
        pkce_error: What it answers to a code verifier; None checks it.
        error_status: Of refusals at the token endpoint.
        in_id_token: Which claims of the person stand in the ID token; None is all.
    """

    discovery: str | None = None
    endpoints: dict[str, str] = field(default_factory=dict)
    has_nonce: bool = True
    pkce_error: str | None = None
    error_status: int = 400
    in_id_token: tuple[str, ...] | None = None


class Simulator(HttpServer):
    """A provider; a test says what is otherwise.

    Attributes:
        issuer: Who it is.
        person: Claims of who signs in.
        said: Members of the discovery document; ``...`` takes one away.
        signed: The same of the ID token's claims, ``header`` of its header.
        given: The same of the token endpoint's answer.
        told: The same of userinfo's answer.
        instead: Answers of whole addresses.
        forged: Signs in place of its key.
    """

    def __init__(
        self,
        clock: FakeClock,
        issuer: str | None = None,
        behaviour: Behaviour | None = None,
    ) -> None:
        super().__init__(self._answer)
        self._clock = clock
        self._is_rerouted = issuer is not None
        self.issuer = issuer or self.url
        self.behaves = behaviour or Behaviour()
        self.person: dict[str, Any] = dict(PERSON)
        self.said: dict[str, Any] = {}
        self.signed: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.given: dict[str, Any] = {}
        self.told: dict[str, Any] = {}
        self.instead: dict[str, Answer] = {}
        self.apis: dict[str, Any] = {}
        self.forged: Callable[[bytes], bytes] | None = None
        self.algorithm = "RS256"
        self.codes: dict[str, Code] = {}
        self.forms: list[dict[str, str]] = []
        self.kid, self.key = KEYS["RS256"].kid, KEYS["RS256"].key

    def at(self, name: str) -> str:
        """Return the address of ``token``, ``keys``, ``userinfo`` and so on."""
        usual = f"{self.issuer.rstrip('/')}/{name}"
        return self.behaves.endpoints.get(name, usual)

    @property
    def discovery(self) -> str:
        """Where its metadata is."""
        usual = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        return self.behaves.discovery or usual

    def asked(self, name: str) -> int:
        """Return how often somebody came to one of its addresses."""
        at = self.discovery if name == "discovery" else self.at(name)
        return sum(self._meant(each.path) == at for each in self.requests)

    def rotate(self) -> None:
        """Sign with another key from now on, by another algorithm."""
        self.kid, self.key, self.algorithm = "later", LATER, "ES256"

    # The browser and the person

    def arrive(self, url: str, **changed: Any) -> dict[str, str]:
        """Sign somebody in, and return what their browser brings back."""
        asked = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        code = f"code-{len(self.codes)}"
        self.codes[code] = Code(asked)
        answer = {"code": code, "state": asked["state"]}
        if self.said.get("authorization_response_iss_parameter_supported"):
            answer["iss"] = self.issuer
        return {k: v for k, v in (answer | changed).items() if v is not ...}

    # What it answers

    def _meant(self, path: str) -> str:
        path = path.partition("?")[0]
        return "https:/" + path if self._is_rerouted else self.url + path

    def _answer(self, method: str, path: str, headers: Message, body: bytes) -> Answer:
        url = self._meant(path)
        if url in self.instead:
            return self.instead[url]
        if url == self.discovery:
            return _json(self._metadata())
        if url == self.at("keys"):
            jwk = jose.public_jwk(self.key, self.kid, self.algorithm)
            return _json({"keys": [jwk | self.behaves_key()]})
        if url == self.at("token"):
            return self._token(dict(parse_qsl(body.decode())), headers)
        if url == self.at("userinfo"):
            return _json(_changed(self.person, self.told))
        return _json(self.apis[url]) if url in self.apis else (404, {}, b"")

    def behaves_key(self) -> dict[str, Any]:
        """Return what a published key says besides."""
        return {"x5t": "example-thumbprint"}

    def _metadata(self) -> dict[str, Any]:
        usual = {
            "issuer": self.issuer,
            "authorization_endpoint": self.at("authorize"),
            "token_endpoint": self.at("token"),
            "jwks_uri": self.at("keys"),
            "userinfo_endpoint": self.at("userinfo"),
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "claims_supported": ["sub", "iss", "auth_time", "acr"],
        }
        return _changed(usual, self.said)

    def _token(self, form: dict[str, str], headers: Message) -> Answer:
        authorization = headers.get("Authorization", "")
        if authorization.startswith("Basic "):
            pair = base64.b64decode(authorization[6:]).decode()
            name, _, secret = pair.partition(":")
            form |= {
                "client_id": unquote_plus(name),
                "client_secret": unquote_plus(secret),
                "by": "basic",
            }
        self.forms.append(form)
        error = self._refusal(form)
        if error is not None:
            return _json({"error": error}, self.behaves.error_status)
        asked: dict[str, str] = {}
        if form["grant_type"] == "authorization_code":
            code = self.codes[form["code"]]
            code.is_used, asked = True, code.asked
        access_token = f"access-{len(self.forms)}"
        given = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 3600,
            "id_token": self.id_token(asked, access_token),
        }
        return _json(_changed(given, self.given))

    def _refusal(self, form: dict[str, str]) -> str | None:
        if not self._is_client(form):
            return "invalid_client"
        if self.behaves.pkce_error and "code_verifier" in form:
            return self.behaves.pkce_error
        if form["grant_type"] == "refresh_token":
            return None if form["refresh_token"] == "refresh-1" else "invalid_grant"
        code = self.codes.get(form["code"])
        if code is None or code.is_used:
            return "invalid_grant"
        if form["redirect_uri"] != code.asked["redirect_uri"]:
            return "invalid_grant"
        challenge = code.asked.get("code_challenge")
        if challenge is not None:
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if challenge != base64.urlsafe_b64encode(digest).decode().rstrip("="):
                return "invalid_grant"
        return None

    def _is_client(self, form: dict[str, str]) -> bool:
        if "client_assertion" in form:
            _, claims = parts(form["client_assertion"])
            return {claims["iss"], claims["sub"], form["client_id"]} == {CLIENT_ID}
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, SECRET)

    def id_token(self, asked: dict[str, str], access_token: str) -> str:
        """Return an ID token for whoever asked."""
        now = int(self._clock.now().timestamp())
        digest = hashlib.sha256(access_token.encode()).digest()
        shown = self.behaves.in_id_token
        person = {k: v for k, v in self.person.items() if shown is None or k in shown}
        claims = person | {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "at_hash": base64.urlsafe_b64encode(digest[:16]).decode().rstrip("="),
        }
        if self.behaves.has_nonce and "nonce" in asked:
            claims["nonce"] = asked["nonce"]
        head = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT"}
        algorithm = JWSRegistry.algorithms[self.algorithm]
        sign = self.forged or (lambda message: algorithm.sign(message, self.key))
        return forge(_changed(head, self.header), _changed(claims, self.signed), sign)


class Rerouted(OutboundClient):
    """The door, with a simulator behind every host."""

    base = ""

    async def get(self, url: str, **options: Any) -> OutboundResponse:
        """Ask the simulator in place of the host."""
        return await super().get(self._there(url), **options)

    async def post(self, url: str, **options: Any) -> OutboundResponse:
        """Ask the simulator in place of the host."""
        return await super().post(self._there(url), **options)

    def _there(self, url: str) -> str:
        return f"{self.base}/{url.removeprefix('https://')}"


def _changed(usual: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    return {name: v for name, v in (usual | changed).items() if v is not ...}


def _json(content: Any, status: int = 200) -> Answer:
    body = json.dumps(content).encode()
    return status, {"Content-Type": "application/json"}, body
