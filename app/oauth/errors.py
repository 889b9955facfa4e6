"""RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1, OIDC Core §3.1.2.6.

OAuthError                       400
├── InvalidRequest               malformed, a parameter twice or missing
├── InvalidClient                401, who asks did not prove to be the client
├── InvalidGrant                 the code or token does not hold
├── UnauthorizedClient           this client may not do that
├── UnsupportedGrantType
├── UnsupportedResponseType
├── UnsupportedTokenType
├── InvalidScope
├── InvalidTarget                a resource is not to be had (RFC 8707 §2)
├── AccessDenied                 the person or the policy said no
├── AuthorizationPending         a device has to wait (RFC 8628 §3.5)
│   └── SlowDown                 and to ask less often
├── ExpiredToken                 a device has waited in vain
├── InteractionNeeded            prompt=none, and somebody would have to act
│   ├── LoginRequired
│   ├── ConsentRequired
│   ├── AccountSelectionRequired
│   └── InteractionRequired
├── UnmetAuthenticationRequirements  the sign-in was too weak
├── RequestNotSupported, RequestUriNotSupported, RegistrationNotSupported
├── InvalidToken                 401, at a protected resource
├── InsufficientScope            403, at a protected resource
├── InvalidRedirectUri           at registration (RFC 7591 §3.2.2)
├── InvalidClientMetadata        the same
├── ServerError                  500
└── TemporarilyUnavailable       503
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import ClassVar

_NOTHING: Mapping[str, str] = {}


class Check(StrEnum):
    """What was looked at; whoever asks why something failed is told by these names."""

    REQUEST = "request"
    OFFER = "offer"
    CLIENT = "client"
    CLIENT_PROOF = "client_proof"
    CLIENT_RIGHTS = "client_rights"
    CLIENT_METADATA = "client_metadata"
    REDIRECT_URI = "redirect_uri"
    PKCE = "pkce"
    SCOPE = "scope"
    RESOURCE = "resource"
    CODE = "code"
    REFRESH_TOKEN = "refresh_token"
    DEVICE_CODE = "device_code"
    ASSERTION = "assertion"
    SUBJECT_TOKEN = "subject_token"
    ACTOR_TOKEN = "actor_token"
    ACCESS_TOKEN = "access_token"
    TOKEN_OWNER = "token_owner"
    SIGN_IN = "sign_in"
    STRENGTH = "strength"
    ACCOUNT_CHOICE = "account_choice"
    CONSENT = "consent"
    ANSWER = "answer"
    SERVER = "server"


class OAuthError(Exception):
    """A refusal in the words of the protocol."""

    error: ClassVar[str]
    status: ClassVar[int] = 400
    is_usual: ClassVar[bool] = False  # nothing went wrong: it leaves no evidence
    check: Check  # of the class, where all of its refusals are of one

    def __init__(
        self,
        description: str = "",
        *,
        hint: str = "",
        check: Check | None = None,
        compared: Mapping[str, str] = _NOTHING,
    ) -> None:
        """Refuse.

        Args:
            description: ``error_description``: public, in ASCII without ``"`` and
                ``\\`` (RFC 6749 appendix A.8); never holds what somebody sent.
            hint: The concrete difference, for the audit trail and never the answer.
            check: What was looked at, where it is not that of the class.
            compared: What with what, for operators; no secret, nor a part of one.
        """
        super().__init__(hint or description or self.error)
        self.description = description
        self.hint = hint
        self.compared = compared
        if check is not None:
            self.check = check


class InvalidRequest(OAuthError):
    """A parameter is missing, malformed, repeated, or does not go with another."""

    error = "invalid_request"
    check = Check.REQUEST


class InvalidClient(OAuthError):
    """Client authentication failed; no answer says how (RFC 6749 §5.2).

    Attributes:
        challenge: ``WWW-Authenticate``, if the client tried ``Authorization``.
    """

    error = "invalid_client"
    check = Check.CLIENT_PROOF
    status = 401
    challenge: str | None = None


class InvalidGrant(OAuthError):
    """The code or refresh token is wrong, spent, expired, or another client's."""

    error = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """The client is known, and not registered for this grant or response type."""

    error = "unauthorized_client"
    check = Check.CLIENT_RIGHTS


class UnsupportedGrantType(OAuthError):
    """This server knows no such grant."""

    error = "unsupported_grant_type"
    check = Check.OFFER


class UnsupportedResponseType(OAuthError):
    """This server answers authorization requests with a code only."""

    error = "unsupported_response_type"
    check = Check.OFFER


class UnsupportedTokenType(OAuthError):
    """Tokens of this type cannot be revoked (RFC 7009 §2.2.1)."""

    error = "unsupported_token_type"
    check = Check.OFFER


class InvalidScope(OAuthError):
    """A scope is unknown, malformed, or more than was granted."""

    error = "invalid_scope"
    check = Check.SCOPE


class InvalidTarget(OAuthError):
    """A resource is unknown, not the client's, or was not granted (RFC 8707 §2)."""

    error = "invalid_target"
    check = Check.RESOURCE


class AccessDenied(OAuthError):
    """The person or the policy refused."""

    error = "access_denied"
    check = Check.ANSWER


class AuthorizationPending(OAuthError):
    """The person has not decided yet: the device asks again (RFC 8628 §3.5)."""

    error = "authorization_pending"
    check = Check.ANSWER
    is_usual = True


class SlowDown(AuthorizationPending):
    """The same, and the device asks too often."""

    error = "slow_down"


class ExpiredToken(OAuthError):
    """Nobody decided in time: the device begins anew (RFC 8628 §3.5)."""

    error = "expired_token"
    check = Check.DEVICE_CODE


class InteractionNeeded(OAuthError):
    """``prompt=none``, and it cannot go on without the person."""


class LoginRequired(InteractionNeeded):
    """Nobody is signed in, or not recently or strongly enough."""

    error = "login_required"
    check = Check.SIGN_IN


class ConsentRequired(InteractionNeeded):
    """The person has not agreed to all that is asked for."""

    error = "consent_required"
    check = Check.CONSENT


class AccountSelectionRequired(InteractionNeeded):
    """It is not clear which account is meant."""

    error = "account_selection_required"
    check = Check.ACCOUNT_CHOICE


class InteractionRequired(InteractionNeeded):
    """The person has to act in another way."""

    error = "interaction_required"
    check = Check.SIGN_IN


class UnmetAuthenticationRequirements(OAuthError):
    """The sign-in is not as strong as the client demands (OIDC Core §5.5.1.1)."""

    error = "unmet_authentication_requirements"
    check = Check.STRENGTH


class RequestNotSupported(OAuthError):
    """Request objects are not taken (OIDC Core §6.1)."""

    error = "request_not_supported"
    check = Check.OFFER


class RequestUriNotSupported(OAuthError):
    """References to request objects are not taken (OIDC Core §6.2)."""

    error = "request_uri_not_supported"
    check = Check.OFFER


class RegistrationNotSupported(OAuthError):
    """Self-issued clients are not taken (OIDC Core §7.2.1)."""

    error = "registration_not_supported"
    check = Check.OFFER


class InvalidToken(OAuthError):
    """The access token does not hold (RFC 6750 §3.1)."""

    error = "invalid_token"
    check = Check.ACCESS_TOKEN
    status = 401


class InsufficientScope(OAuthError):
    """The access token holds, and not for this (RFC 6750 §3.1)."""

    error = "insufficient_scope"
    check = Check.SCOPE
    status = 403


class InvalidRedirectUri(OAuthError):
    """A redirect URI may not be registered (RFC 7591 §3.2.2)."""

    error = "invalid_redirect_uri"
    check = Check.REDIRECT_URI


class InvalidClientMetadata(OAuthError):
    """A value of the client's metadata is not acceptable (RFC 7591 §3.2.2)."""

    error = "invalid_client_metadata"
    check = Check.CLIENT_METADATA


class ServerError(OAuthError):
    """Something went wrong here."""

    error = "server_error"
    check = Check.SERVER
    status = 500


class TemporarilyUnavailable(OAuthError):
    """Not now."""

    error = "temporarily_unavailable"
    check = Check.SERVER
    status = 503


@cache
def error_codes() -> frozenset[str]:
    """Return every code that an answer of ours may have."""
    kinds: list[type[OAuthError]] = [OAuthError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    return frozenset(kind.__dict__.get("error", "") for kind in kinds) - {""}
