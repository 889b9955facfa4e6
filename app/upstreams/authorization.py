"""The way there and back: RFC 6749 §4.1, RFC 7636, RFC 9207, OIDC Core §3.1.2."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Protocol

from app.oauth.pkce import METHOD
from app.oauth.uri import add_query
from app.upstreams.client_authentication import ClientCredentials
from app.upstreams.protocol import Asking, Begun, Kept, Reason, Refused, Surroundings
from app.upstreams.values import shown
from app.utils.helpers import base64url

MAX_CODE = 4_096
# What providers say when the person, or somebody for them, said no.
_CANCELLED = frozenset(
    {
        "access_denied",  # RFC 6749 §4.1.2.1
        "user_cancelled_authorize",  # Apple, LinkedIn
        "user_cancelled_login",  # LinkedIn
    }
)


class Profile(Protocol):
    """What the requests of a connection have in common."""

    @property
    def credentials(self) -> ClientCredentials:
        """The client that this service is there."""
        ...

    @property
    def scopes(self) -> tuple[str, ...]:
        """What is asked for."""
        ...

    @property
    def parameters(self) -> Mapping[str, str]:
        """Of every authorization request besides."""
        ...

    @property
    def has_pkce(self) -> bool:
        """Whether the other side bears the parameters of RFC 7636."""
        ...


def begin(
    endpoint: str,
    profile: Profile,
    asking: Asking,
    world: Surroundings,
    *,
    issuer: str,
    redirect_uri: str,
    has_nonce: bool,
) -> Begun:
    """Return the authorization request, and what is kept until its answer.

    Args:
        endpoint: Where the person is sent.
        profile: The connection.
        asking: What this one is begun with.
        world: Time and chance.
        issuer: Who is asked.
        redirect_uri: Of this connection alone.
        has_nonce: Whether there will be an ID token to hold it.
    """
    kept = Kept(
        state=asking.state,
        nonce=world.randomness.token(),
        code_verifier=world.randomness.token(),
        issuer=issuer,
        redirect_uri=redirect_uri,
        started_at=world.clock.now().timestamp(),
        max_age=asking.max_age if has_nonce else None,  # else nobody could say it
    )
    parameters = {
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "state": asking.state,
        "client_id": profile.credentials.client_id,
        "scope": " ".join(profile.scopes),
        **profile.parameters,
    }
    if has_nonce:
        parameters |= {"nonce": kept.nonce} | _asked(asking)
    if profile.has_pkce:
        parameters |= _challenge(kept.code_verifier)
    return Begun(
        url=add_query(endpoint, parameters),
        kept=kept,
        returns_by_post=profile.parameters.get("response_mode") == "form_post",
    )


def _challenge(code_verifier: str) -> dict[str, str]:
    """Return what stands for the verifier on the way there (RFC 7636 §4.3)."""
    digest = hashlib.sha256(code_verifier.encode()).digest()
    return {"code_challenge": base64url(digest), "code_challenge_method": METHOD}


def _asked(asking: Asking) -> dict[str, str]:
    """Return what may be asked of an OpenID provider besides (OIDC Core §3.1.2.1)."""
    offered = {
        "login_hint": asking.login_hint,
        "prompt": asking.prompt,
        "max_age": None if asking.max_age is None else str(asking.max_age),
        "acr_values": " ".join(asking.acr_values),
        "ui_locales": " ".join(asking.ui_locales),
    }
    return {name: value for name, value in offered.items() if value}


def check_state(parameters: Mapping[str, str], kept: Kept) -> None:
    """Refuse the answer to another question, before anything in it counts.

    Raises:
        Refused: It is one (RFC 6749 §10.12).
    """
    state = parameters.get("state", "").encode("utf-8", "replace")
    if not hmac.compare_digest(state, kept.state.encode()):
        raise Refused(Reason.WRONG_STATE, "state is of another sign-in")


def read_code(parameters: Mapping[str, str]) -> str:
    """Return the code of an answer; whose answer it is was judged before.

    Raises:
        Refused: It is an error, or has no code.
    """
    error = parameters.get("error")
    if error is not None:
        said = shown(parameters.get("error_description", ""))
        reason = Reason.CANCELLED if error in _CANCELLED else Reason.PROVIDER_ERROR
        raise Refused(reason, f"it answered {shown(error)}: {said}")
    code = parameters.get("code", "")
    if not code:
        raise Refused(Reason.MALFORMED, "the answer has no code")
    if len(code) > MAX_CODE:
        raise Refused(Reason.OVERSIZED, f"the code has {len(code)} characters")
    return code


def redemption(
    parameters: Mapping[str, str], kept: Kept, profile: Profile
) -> dict[str, str]:
    """Return the token request for the code of an answer (RFC 6749 §4.1.3).

    Raises:
        Refused: As `read_code`.
    """
    form = {
        "grant_type": "authorization_code",
        "code": read_code(parameters),
        "redirect_uri": kept.redirect_uri,
    }
    if profile.has_pkce:
        form["code_verifier"] = kept.code_verifier
    return form
