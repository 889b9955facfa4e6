"""OAuth 2.0 without OpenID Connect: a code, a token, and an API that says whose it is.

Nothing is signed and no nonce binds an answer to its question. What holds is the state
in the browser, PKCE where it is known, and a redirect URI of each connection's own.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.upstreams import authorization
from app.upstreams.client_authentication import ClientCredentials
from app.upstreams.door import Door
from app.upstreams.identity import identity_of
from app.upstreams.protocol import (
    Asking,
    Begun,
    ConnectionConfig,
    Kept,
    LoggedOut,
    Reason,
    Refused,
    Step,
    Surroundings,
    Tokens,
    UpstreamIdentity,
)
from app.upstreams.token_endpoint import Issued, TokenEndpoint, fault_of
from app.upstreams.values import subject


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthProfile:
    """A provider.

    Attributes:
        issuer: What it is called in the audit trail; it says no such thing itself.
        parameters: Of every authorization request besides.
        has_pkce: It bears the parameters of RFC 7636.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    credentials: ClientCredentials
    scopes: tuple[str, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)
    has_pkce: bool = True


class OAuthConnector(ABC):
    """One connection to one provider; a kind says how it tells of people."""

    def __init__(
        self, config: ConnectionConfig, world: Surroundings, profile: OAuthProfile
    ) -> None:
        """Call nobody yet."""
        self._config = config
        self._world = world
        self._profile = profile
        self._door = Door(world)
        self._tokens = TokenEndpoint(profile.credentials, world)

    async def begin(self, asking: Asking) -> Begun:
        """Return where to send the person (RFC 6749 §4.1.1)."""
        profile = self._profile
        return authorization.begin(
            profile.authorization_endpoint,
            profile,
            asking,
            self._world,
            issuer=profile.issuer,
            redirect_uri=self._config.redirect_uri,
            has_nonce=False,
        )

    async def complete(
        self, parameters: Mapping[str, str], kept: Kept
    ) -> UpstreamIdentity:
        """Return who came back."""
        authorization.check_state(parameters, kept)
        if kept.issuer != self._profile.issuer:
            raise Refused(Reason.WRONG_ISSUER, "another provider was asked")
        form = authorization.redemption(parameters, kept, self._profile)
        issued = await self._redeem(form)
        return await self._identity(issued)

    async def refresh(self, subject: str, tokens: Tokens) -> UpstreamIdentity:
        """Return the person as they are now, by whatever token still says it."""
        if tokens.refresh_token is not None:
            form = {
                "grant_type": "refresh_token",
                "refresh_token": tokens.refresh_token,
            }
            issued = await self._redeem(form)
        elif tokens.access_token is not None:
            issued = Issued(tokens.access_token, None, None, tokens.expires_at)
        else:
            raise Refused(Reason.WITHDRAWN, "there is no token")
        found = await self._identity(issued)
        if found.subject != subject:
            raise Refused(Reason.WRONG_SUBJECT, "the token is somebody else's")
        return found

    async def sign_out(
        self, subject: str, tokens: Tokens, return_to: str, state: str
    ) -> str | None:
        """Return None: there is no such thing in OAuth."""
        return None

    async def logged_out(self, logout_token: str) -> LoggedOut:
        """Refuse: nothing is signed in OAuth."""
        raise Refused(Reason.WRONG_TOKEN, "this kind of connection has no such tokens")

    async def test(self) -> Sequence[Step]:
        """Ask with a code that is none."""
        probed = await self._tokens.probe(
            self._profile.token_endpoint, self._config.redirect_uri, ()
        )
        return [probed]

    @abstractmethod
    async def _person(self, access_token: str) -> Mapping[str, Any]:
        """Return claims as OIDC Core §5.1 has them; ``sub`` is who it is."""

    async def _redeem(self, form: Mapping[str, str]) -> Issued:
        return await self._tokens.redeem(self._profile.token_endpoint, form, ())

    async def _ask(self, url: str, access_token: str) -> Any:
        """Return the JSON of an API.

        Raises:
            Refused: ``WITHDRAWN`` if the token is not taken.
        """
        answer = await self._door.get(url, bearer=access_token)
        fault = fault_of(answer)
        if fault is not None:
            is_over = answer.status == 401
            reason = Reason.WITHDRAWN if is_over else Reason.PROVIDER_ERROR
            raise Refused(reason, f"its API says {fault}")
        return answer.content

    async def _object(self, url: str, access_token: str) -> Mapping[str, Any]:
        content = await self._ask(url, access_token)
        if not isinstance(content, dict):
            raise Refused(Reason.MALFORMED, "its API answers no object")
        return content

    async def _identity(self, issued: Issued) -> UpstreamIdentity:
        claims = await self._person(issued.access_token)
        is_renewed = issued.refresh_token is not None
        return identity_of(
            subject(claims),
            self._profile.issuer,
            claims,
            proven={},
            tokens=Tokens(
                refresh_token=issued.refresh_token,
                access_token=None if is_renewed else issued.access_token,
                expires_at=issued.expires_at,
            ),
        )


def claims_of(told: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return what is told, under the names of OIDC Core §5.1; what is not is left out.

    A number that identifies somebody becomes a text.

    Args:
        told: By the provider.
        names: The provider's name of each claim.
    """
    found = {claim: told.get(name) for claim, name in names.items()}
    if type(found.get("sub")) is int:
        found["sub"] = str(found["sub"])
    return {claim: value for claim, value in found.items() if value is not None}
