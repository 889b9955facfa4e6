"""OpenID Connect Discovery 1.0, RFC 8414: what the other side says of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from app.core.outbound.published import Published
from app.oauth.uri import parse_uri
from app.upstreams.door import MAX_BYTES, Answer, Door
from app.upstreams.protocol import Reason, Refused, Surroundings
from app.upstreams.values import shown, words

DISCOVERY = "/.well-known/openid-configuration"
KEPT_FOR = 300.0  # seconds that it is used without asking again
LAST_GOOD_FOR = 3_600.0  # seconds that it is used while asking again fails
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OFFERED = ("userinfo_endpoint", "end_session_endpoint")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """A provider, as it says; members are named as in OIDC Discovery §3.

    Attributes:
        issuer: Checked; where a provider has many, as its template.
        has_iss: It sends ``iss`` with every answer (RFC 9207 §3).
        has_auth_time: It says that it tells when somebody proved themselves.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    algorithms: tuple[str, ...] = ("RS256",)
    auth_methods: tuple[str, ...] = ("client_secret_basic",)
    has_iss: bool = False
    has_auth_time: bool = False


class Documents(Published[T]):
    """A document of the other side, kept for minutes.

    While its address is silent, the last good one holds for a time. One that says
    something that cannot stand, such as another issuer, ends that at once.
    """

    def __init__(
        self,
        world: Surroundings,
        read: Callable[[Answer], T],
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """Know nothing yet.

        Args:
            world: The door and the time.
            read: Returns what is kept of an answer, or raises ``Refused``.
            max_bytes: Longest document.
        """
        super().__init__(world.clock, kept_for=KEPT_FOR, last_good_for=LAST_GOOD_FOR)
        self._door = Door(world)
        self._read = read
        self._max_bytes = max_bytes
        self._refusal: Refused | None = None

    async def get(self, uri: str) -> T:
        """Return the document.

        Raises:
            Refused: There is none that may be used.
        """
        if self.at(uri) is None:
            await self.refresh(uri)
        found = self.at(uri)
        if found is None:
            assert self._refusal is not None  # it was asked for, and is not there
            raise Refused(self._refusal.reason, self._refusal.detail)
        return found

    async def _fetch(self, uri: str) -> T | None:
        try:
            answer = await self._door.get(uri, max_bytes=self._max_bytes)
            return self._read(answer)
        except Refused as refused:
            self._refusal = refused
            if refused.reason is Reason.METADATA:
                self._disown(uri)
            return None


def read_metadata(answer: Answer, issuer: str) -> Metadata:
    """Return what a discovery document says.

    Args:
        answer: To the question for it.
        issuer: Who it has to be of, in every character (OIDC Discovery §4.3).

    Raises:
        Refused: ``METADATA``, or ``MALFORMED`` if it is none.
    """
    document = answer.members
    if answer.status != 200 or not document:
        what = f"the discovery document is {answer.status} and no JSON object"
        raise Refused(Reason.MALFORMED, what)
    named = document.get("issuer")
    if named != issuer:
        what = f"the discovery document is of {shown(named)}, and not of {issuer}"
        raise Refused(Reason.METADATA, what)
    is_plain = issuer.startswith("http:")  # on a machine of the operator's own
    needed = {name: _url(document, name, is_plain) for name in _NEEDED}
    for name, url in needed.items():
        if url is None:
            raise Refused(Reason.METADATA, f"the discovery document lacks {name}")
    offered = {name: _url(document, name, is_plain) for name in _OFFERED}
    claims = document.get("claims_supported")
    return Metadata(
        issuer=issuer,
        **{name: url for name, url in (needed | offered).items() if url},
        algorithms=words(document.get("id_token_signing_alg_values_supported"))
        or ("RS256",),
        auth_methods=words(document.get("token_endpoint_auth_methods_supported"))
        or ("client_secret_basic",),  # the defaults of OIDC Discovery §3
        has_iss=document.get("authorization_response_iss_parameter_supported") is True,
        has_auth_time="auth_time" in claims if isinstance(claims, list) else False,
    )


def _url(document: Any, name: str, is_plain: bool) -> str | None:
    """Return a member that is a URL which may be used, or None if it is missing.

    Raises:
        Refused: It is there, and no URL that this service would call or send to.
    """
    value = document.get(name)
    if value is None:
        return None
    uri = parse_uri(value) if isinstance(value, str) else None
    schemes = ("https", "http") if is_plain else ("https",)
    if uri is None or uri.scheme not in schemes:
        raise Refused(Reason.METADATA, f"{name} is {shown(value)}, and no https URL")
    return str(value)


def read_keys(answer: Answer) -> dict[str, Any]:
    """Return a JWK Set; its keys are judged when one of them is used.

    Raises:
        Refused: It is none.
    """
    if answer.status != 200 or not isinstance(answer.members.get("keys"), list):
        raise Refused(
            Reason.MALFORMED, f"the key set is {answer.status} and no JWK Set"
        )
    return dict(answer.members)
