"""OpenID Connect Core 1.0, as the relying party: code flow, and no other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.core import jose
from app.oauth.uri import add_query
from app.upstreams import authorization
from app.upstreams import logout_token as logout_tokens
from app.upstreams.client_authentication import ClientCredentials
from app.upstreams.door import MAX_KEYS_BYTES, Answer, Door
from app.upstreams.id_token import TYPES, Expected, check_claims, verify_signature
from app.upstreams.identity import identity_of
from app.upstreams.metadata import (
    DISCOVERY,
    Documents,
    Metadata,
    read_keys,
    read_metadata,
)
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
from app.upstreams.values import shown, subject, text

OPENID = "openid"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdProfile:
    """A provider, and how it deviates where data can say it.

    Attributes:
        issuer: As it has to say itself, in every character.
        scopes: ``openid`` among them.
        parameters: Of every authorization request besides.
        discovery: Where its metadata is, if not where the issuer says.
        has_nonce: Its ID tokens bear the ``nonce`` of the request.
        has_pkce: It bears the parameters of RFC 7636.
        asks_userinfo: What it tells of people is not all in the ID token.
        domain: Its parameter for the domain of whoever comes; None has none.
        again: Its ``prompt`` for whoever is to prove themselves anew; None has none.
    """

    issuer: str
    credentials: ClientCredentials
    scopes: tuple[str, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)
    discovery: str | None = None
    has_nonce: bool = True
    has_pkce: bool = True
    asks_userinfo: bool = True
    domain: str | None = None
    again: str | None = "login"


class OpenIdConnector:
    """One connection to one provider; keeps its metadata and its keys."""

    def __init__(
        self, config: ConnectionConfig, world: Surroundings, profile: OpenIdProfile
    ) -> None:
        """Call nobody yet."""
        self._config = config
        self._world = world
        self._profile = profile
        self._door = Door(world)
        self._tokens = TokenEndpoint(profile.credentials, world)
        self._discovered = Documents(world, self._read)
        self._keys = Documents(world, read_keys, MAX_KEYS_BYTES)

    async def begin(self, asking: Asking) -> Begun:
        """Return where to send the person (OIDC Core §3.1.2.1)."""
        metadata, profile = await self._metadata(), self._profile
        if profile.domain and asking.domain_hint:
            # Before those of the settings: what an operator fixed stays.
            hint = {profile.domain: asking.domain_hint}
            profile = replace(profile, parameters={**hint, **profile.parameters})
        return authorization.begin(
            metadata.authorization_endpoint,
            profile,
            self._known_there(asking, metadata),
            self._world,
            issuer=metadata.issuer,
            redirect_uri=self._config.redirect_uri,
            has_nonce=True,
        )

    async def complete(
        self, parameters: Mapping[str, str], kept: Kept
    ) -> UpstreamIdentity:
        """Return who came back (OIDC Core §3.1.2.7 and §3.1.3.7, RFC 9207 §2.4)."""
        authorization.check_state(parameters, kept)
        metadata = await self._metadata()
        self._check_answerer(parameters.get("iss"), metadata, kept)
        form = authorization.redemption(parameters, kept, self._profile)
        issued = await self._tokens.redeem(
            metadata.token_endpoint, form, metadata.auth_methods
        )
        if issued.id_token is None:
            raise Refused(Reason.MALFORMED, "there is no ID token in the answer")
        proven = await self._proven(issued, metadata, kept)
        claims = await self._told(issued, metadata, proven)
        return self._identity(self._read_person(claims, parameters), proven, issued)

    async def refresh(self, subject: str, tokens: Tokens) -> UpstreamIdentity:
        """Return the person as they are now (OIDC Core §12)."""
        if tokens.refresh_token is None:
            raise Refused(Reason.WITHDRAWN, "there is no refresh token")
        metadata = await self._metadata()
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        issued = await self._tokens.redeem(
            metadata.token_endpoint, form, metadata.auth_methods
        )
        proven: Mapping[str, Any] = {}
        if issued.id_token is not None:
            proven = await self._proven(issued, metadata, None)
        claims = await self._told(issued, metadata, proven)
        if not claims:
            raise Refused(Reason.MALFORMED, "a refresh tells nothing of anybody")
        kept = Issued(
            issued.access_token,
            issued.id_token or tokens.id_token,
            issued.refresh_token or tokens.refresh_token,
            issued.expires_at,
        )
        found = self._identity(self._read_person(claims, {}), proven, kept)
        if found.subject != subject:  # §12.2
            raise Refused(Reason.WRONG_SUBJECT, "a refresh is about somebody else")
        return found

    async def sign_out(
        self, subject: str, tokens: Tokens, return_to: str, state: str
    ) -> str | None:
        """Return where the session there is ended (RP-Initiated Logout 1.0 §2)."""
        endpoint = (await self._metadata()).end_session_endpoint
        if endpoint is None:
            return None
        parameters = {
            "client_id": self._profile.credentials.client_id,
            "post_logout_redirect_uri": return_to,
            "state": state,
        }
        if tokens.id_token is not None:
            parameters["id_token_hint"] = tokens.id_token
        else:  # it asks whoever is there, as far as it reads this
            parameters["logout_hint"] = tokens.session_id or subject
        return add_query(endpoint, parameters)

    async def logged_out(self, logout_token: str) -> LoggedOut:
        """Return whom a logout token is about (Back-Channel Logout 1.0 §2.6)."""
        metadata = await self._metadata()
        claims = await self._signed(logout_token, metadata, logout_tokens.TYPES)
        expected = Expected(
            issuer=self._issuer(metadata, claims),
            client_id=self._profile.credentials.client_id,
            now=self._world.clock.now(),
        )
        check_claims(claims, jose.algorithm_of(logout_token), expected)
        is_named = claims.get("sub") is not None
        who = self._subject(claims) if is_named else None
        return logout_tokens.read_logout(claims, who)

    async def test(self) -> Sequence[Step]:
        """Read metadata and keys, and ask with a code that is none."""
        try:
            metadata = await self._metadata()
        except Refused as refused:
            return [Step(name="discovery", ok=False, saw=refused.detail)]
        steps = [Step(name="discovery", ok=True, saw=f"it is {metadata.issuer}")]
        try:
            keys = await self._keys.get(metadata.jwks_uri)
        except Refused as refused:
            return [*steps, Step(name="keys", ok=False, saw=refused.detail)]
        usable = [name for name in metadata.algorithms if name in jose.ALGORITHMS]
        count = len(keys["keys"])
        saw = f"{count} keys; it signs by {' '.join(metadata.algorithms)}"
        is_usable = bool(count and usable)
        steps.append(Step(name="keys", ok=is_usable, saw=saw))
        if not is_usable:
            return steps
        probed = await self._tokens.probe(
            metadata.token_endpoint, self._config.redirect_uri, metadata.auth_methods
        )
        return [*steps, probed]

    # What providers do otherwise where data cannot say it

    def _read(self, answer: Answer) -> Metadata:
        """Return what the discovery document says."""
        return read_metadata(answer, self._profile.issuer)

    def _issuer(self, metadata: Metadata, claims: Mapping[str, Any]) -> str:
        """Return who has to have issued an ID token that says this."""
        return metadata.issuer

    def _is_answer_of(self, metadata: Metadata, issuer: str) -> bool:
        """Tell whether ``iss`` of an answer says that it is of this provider."""
        return issuer == metadata.issuer

    def _keys_for(self, keys: Mapping[str, Any], id_token: str) -> Mapping[str, Any]:
        """Return those keys that may have signed an ID token."""
        return keys

    def _subject(self, claims: Mapping[str, Any]) -> str:
        """Return who somebody is there, of claims that were signed or looked up."""
        return subject(claims)

    def _read_person(
        self, claims: Mapping[str, Any], parameters: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return claims as OIDC Core §5.1 has them.

        Args:
            claims: That were told.
            parameters: Of the answer; empty for a refresh.

        Raises:
            Refused: Somebody is told of whom the settings keep out.
        """
        return claims

    # The same for all

    def _known_there(self, asking: Asking, metadata: Metadata) -> Asking:
        """Return of what is asked what the provider knows.

        Not all that leave ``auth_time`` out leave ``max_age`` unanswered: Dex answers
        without. What nobody would say is not asked, so that nothing waits for it.
        """
        is_anew = asking.prompt == "login"
        return replace(
            asking,
            prompt=self._profile.again if is_anew else asking.prompt,
            max_age=asking.max_age if metadata.has_auth_time else None,
        )

    async def _metadata(self) -> Metadata:
        found = self._profile.discovery
        return await self._discovered.get(
            found or self._profile.issuer.rstrip("/") + DISCOVERY
        )

    def _check_answerer(self, said: str | None, metadata: Metadata, kept: Kept) -> None:
        """Refuse an answer of another provider (RFC 9207 §2.4), and a changed one."""
        if metadata.issuer != kept.issuer:
            raise Refused(Reason.WRONG_ISSUER, "another issuer was asked")
        if said is None and metadata.has_iss:
            raise Refused(Reason.WRONG_ISSUER, "the answer has no iss")
        if said is not None and not self._is_answer_of(metadata, said):
            raise Refused(Reason.WRONG_ISSUER, f"the answer is of {shown(said)}")

    async def _proven(
        self, issued: Issued, metadata: Metadata, kept: Kept | None
    ) -> Mapping[str, Any]:
        """Return the claims of the ID token, which passed every check."""
        assert issued.id_token is not None
        claims = await self._signed(issued.id_token, metadata)
        expected = Expected(
            issuer=self._issuer(metadata, claims),
            client_id=self._profile.credentials.client_id,
            now=self._world.clock.now(),
            nonce=None if kept is None else kept.nonce,
            needs_nonce=self._profile.has_nonce,
            access_token=issued.access_token,
            max_age=None if kept is None else kept.max_age,
            asked_at=0 if kept is None else kept.started_at,
        )
        check_claims(claims, jose.algorithm_of(issued.id_token), expected)
        return claims

    async def _signed(
        self, id_token: str, metadata: Metadata, types: Collection[str] = TYPES
    ) -> Mapping[str, Any]:
        """Return verified claims; of a key that is new the set is asked for once."""
        keys = await self._keys.get(metadata.jwks_uri)
        try:
            return self._verify(id_token, keys, metadata, types)
        except jose.InvalidToken as error:
            refusal = error
        if await self._keys.refresh(metadata.jwks_uri):
            try:
                keys = await self._keys.get(metadata.jwks_uri)
                return self._verify(id_token, keys, metadata, types)
            except jose.InvalidToken as error:
                refusal = error
        raise Refused(Reason.WRONG_SIGNATURE, shown(str(refusal))) from refusal

    def _verify(
        self,
        id_token: str,
        keys: Mapping[str, Any],
        metadata: Metadata,
        types: Collection[str],
    ) -> Mapping[str, Any]:
        return verify_signature(
            id_token, self._keys_for(keys, id_token), metadata.algorithms, types
        )

    async def _told(
        self, issued: Issued, metadata: Metadata, proven: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return what is told of the person: by userinfo, and above it what is signed.

        Raises:
            Refused: Userinfo is about somebody else (OIDC Core §5.3.2).
        """
        endpoint = metadata.userinfo_endpoint
        if endpoint is None or not self._profile.asks_userinfo:
            return proven
        answer = await self._door.get(endpoint, bearer=issued.access_token)
        told, fault = answer.members, fault_of(answer)
        if fault is not None:
            raise Refused(Reason.PROVIDER_ERROR, f"userinfo says {fault}")
        if not told:
            raise Refused(Reason.MALFORMED, "userinfo is no JSON object")
        if proven and told.get("sub") != proven.get("sub"):
            raise Refused(Reason.WRONG_SUBJECT, "userinfo is about somebody else")
        return _above(told, proven)

    def _identity(
        self, claims: Mapping[str, Any], proven: Mapping[str, Any], issued: Issued
    ) -> UpstreamIdentity:
        return identity_of(
            self._subject(claims),
            str(proven.get("iss", self._profile.issuer)),
            claims,
            proven=proven,
            tokens=Tokens(
                id_token=issued.id_token,
                refresh_token=issued.refresh_token,
                expires_at=issued.expires_at,
                session_id=text(proven, "sid", 255),
            ),
        )


def _above(told: Mapping[str, Any], proven: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told, and above it what is signed.

    Whether an address is verified is said of that address: by whoever tells it, or else
    by who tells the same one.
    """
    of = proven if "email" in proven else told
    is_same = of.get("email") == told.get("email")
    else_said = told.get("email_verified") if is_same else None
    verified = of.get("email_verified", else_said)
    return {**told, **proven, "email_verified": verified}
