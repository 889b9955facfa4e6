"""RFC 7636, as tightened by RFC 9700 §2.1.1."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

from app.oauth.errors import Check, InvalidGrant, InvalidRequest

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # S256: 32 bytes
METHOD = "S256"
_FAILED = "PKCE verification failed"


def read_challenge(challenge: str | None, method: str | None) -> str | None:
    """Return the challenge of an authorization request, if it sent one.

    Raises:
        InvalidRequest: A method without a challenge, another method than S256
            (leaving it out means ``plain``, RFC 7636 §4.3), or a malformed challenge.
    """
    if challenge is None:
        if method is not None:
            raise InvalidRequest("code_challenge is missing", check=Check.PKCE)
        return None
    if method != METHOD:
        raise InvalidRequest("code_challenge_method must be S256", check=Check.PKCE)
    if not _CHALLENGE.fullmatch(challenge):
        raise InvalidRequest("code_challenge is malformed", check=Check.PKCE)
    return challenge


def check_pkce(challenge: str | None, verifier: str | None) -> None:
    """Refuse a code that is not redeemed by whoever asked for it.

    Args:
        challenge: ``code_challenge`` (S256) stored with the code, if one was sent.
        verifier: ``code_verifier`` of the token request, if one was sent.

    Raises:
        InvalidRequest: The verifier is malformed (RFC 7636 §4.1).
        InvalidGrant: The two do not belong together (RFC 7636 §4.6), or one side
            is missing, which is the downgrade of RFC 9700 §4.8.2.
    """
    if challenge is None and verifier is None:
        return  # whether this client may go without was decided when it asked
    if challenge is None or verifier is None:
        missing = "code_challenge" if challenge is None else "code_verifier"
        raise InvalidGrant(
            _FAILED,
            hint="one side is missing",
            check=Check.PKCE,
            compared={"missing": missing},
        )
    if not _VERIFIER.fullmatch(verifier):
        raise InvalidRequest("code_verifier is malformed", check=Check.PKCE)
    digest = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    if not hmac.compare_digest(digest.rstrip(b"="), challenge.encode()):
        raise InvalidGrant(_FAILED, hint="digest differs", check=Check.PKCE)
