"""OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6: every check of a logout token.

It is signed like an ID token, and by the same key: what tells one from the other is
here. Whether it came before is for the caller, who can remember.
"""

from collections.abc import Mapping
from typing import Any

from app.upstreams.protocol import LoggedOut, Reason, Refused
from app.upstreams.values import shown, text

EVENT = "http://schemas.openid.net/event/backchannel-logout"
# The first is recommended (§2.4); others say what they say of all their tokens.
TYPES = frozenset({"logout+jwt", "application/logout+jwt", "jwt"})
MAX_WORD = 255


def read_logout(claims: Mapping[str, Any], subject: str | None) -> LoggedOut:
    """Return whom the other side signed out, by verified claims of a logout token.

    Args:
        claims: Issuer, audience and times were checked as those of an ID token.
        subject: Who ``sub`` is, as the connection calls people.

    Raises:
        Refused: They are of something else, such as an ID token, or name nobody.
    """
    events = claims.get("events")
    about = events.get(EVENT) if isinstance(events, dict) else None
    if not isinstance(about, dict):  # rule 6
        raise Refused(Reason.WRONG_TOKEN, f"events is {shown(events)}")
    if "nonce" in claims:  # rule 7
        raise Refused(Reason.WRONG_TOKEN, "there is a nonce, so it is an ID token")
    token_id = text(claims, "jti", MAX_WORD)
    if token_id is None:
        raise Refused(Reason.WRONG_TOKEN, f"jti is {shown(claims.get('jti'))}")
    session_id = text(claims, "sid", MAX_WORD)
    if session_id is None and claims.get("sid") is not None:
        raise Refused(Reason.MALFORMED, f"sid is {shown(claims['sid'])}")
    if session_id is None and subject is None:  # rule 5
        raise Refused(Reason.WRONG_TOKEN, "neither sub nor sid is there")
    return LoggedOut(token_id=token_id, session_id=session_id, subject=subject)
