"""RFC 7591 §2, OIDC Registration §2: single values of client metadata, by their type.

Each reader takes what JSON gave and returns what is kept, or refuses. What goes with
what is judged in ``registration``.
"""

import re
import unicodedata
from collections.abc import Callable, Collection
from typing import Any

from app.oauth.errors import InvalidClientMetadata, InvalidRedirectUri, OAuthError
from app.oauth.uri import MAX_LENGTH as MAX_URI

MAX_TEXT = 200
MAX_ITEMS = 50
MAX_KEYS = 20
MAX_SECONDS = 10**9
# Seen as nothing: a name with one of them in it looks like another name. Joiners and
# the choice of a letter's look are for other letters than Latin ones, and for emoji.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u206a-\u206f"
    "\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
    "|(?:^|(?<=[A-Za-z ]))[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
# Of England, and the like: an emoji in letters that nobody sees (UTS 51 section 4.2).
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e007a]+\U000e007f")
# Control, half surrogates, line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Marks that turn the direction of what is around them.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e")
_ISOLATING = frozenset("\u2066\u2067\u2068\u2069")
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

_UNSPEAKABLE = re.compile(r"[^ !#-\[\]-~]")

Reader = Callable[[str, Any], Any]


def refusal(
    name: str, reason: str, value: Any = None, offered: Collection[str] = ()
) -> OAuthError:
    """Return the error of RFC 7591 §3.2.2 that fits the member.

    Args:
        name: The member.
        reason: What is wrong with it.
        value: What it is wrong with, which the program's author has to see.
        offered: What may be there instead.
    """
    kind = InvalidRedirectUri if name == "redirect_uris" else InvalidClientMetadata
    text = f"{name} {reason}"
    if value is not None:
        text += f": {shown(value)}"
    if offered:
        text += f"; it may have {shown(list(offered), MAX_TEXT * 5)}"
    return kind(text)


def shown(value: Any, longest: int = MAX_TEXT) -> str:
    """Return a value for a description: with nothing that RFC 6749 §5.2 forbids."""
    if isinstance(value, list | tuple):
        text = ", ".join(shown(one) for one in value[:MAX_ITEMS])
    else:
        text = value if isinstance(value, str) else type(value).__name__
    text = _UNSPEAKABLE.sub("?", text)
    return text if len(text) <= longest else f"{text[:longest]}..."


def read_text(name: str, value: Any) -> str:
    """Return a text that may be shown to people: nothing in it acts on the page."""
    if not isinstance(value, str):
        raise refusal(name, "must be a string", value)
    text = value.strip()
    if not 0 < len(text) <= MAX_TEXT:
        raise refusal(name, f"must have 1 to {MAX_TEXT} characters", value)
    if any(_is_disguising(character) for character in text):
        reason = "must not have control characters or directional marks"
        raise refusal(name, reason, value)
    if _UNSEEN.search(_FLAG.sub("", text)):
        raise refusal(name, "must not have characters that nobody sees", value)
    return text


def _is_disguising(character: str) -> bool:
    if character in _TURNING or character in _ISOLATING:
        return True
    return unicodedata.category(character) in _UNPRINTABLE


def read_token(name: str, value: Any) -> str:
    """Return a name of the protocol, or a URI: printable ASCII without spaces."""
    if not isinstance(value, str):
        raise refusal(name, "must be a string", value)
    is_plain = value.isascii() and value.isprintable() and " " not in value
    if not is_plain or not 0 < len(value) <= MAX_URI:
        reason = "must be a string of printable ASCII without spaces"
        raise refusal(name, reason, value)
    return value


def list_of(read: Reader) -> Reader:
    """Return a reader of arrays, each value once."""

    def read_list(name: str, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            raise refusal(name, f"must be an array of at most {MAX_ITEMS} values")
        return tuple(dict.fromkeys(read(name, item) for item in value))

    return read_list


def read_scope(name: str, value: Any) -> tuple[str, ...]:
    """Return the tokens of a scope; characters are judged by comparing with ours."""
    if not isinstance(value, str):
        raise refusal(name, "must be a string of values between spaces", value)
    return tuple(dict.fromkeys(value.split()))


def read_flag(name: str, value: Any) -> bool:
    """Return a JSON boolean; ``"true"`` is none."""
    if not isinstance(value, bool):
        raise refusal(name, "must be true or false", value)
    return value


def read_seconds(name: str, value: Any) -> int:
    """Return a number of seconds."""
    if type(value) is not int or not 0 <= value <= MAX_SECONDS:
        raise refusal(name, "must be a number of seconds", value)
    return value


def read_jwks(name: str, value: Any) -> dict[str, Any]:
    """Return a JWK Set (RFC 7517 §5) of public keys.

    Whether a key is good for anything is seen where a signature is verified; here no
    private or symmetric key gets stored.
    """
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= MAX_KEYS:
        raise refusal(name, f"must be a JWK Set of 1 to {MAX_KEYS} keys")
    for key in keys:
        if not isinstance(key, dict) or not isinstance(key.get("kty"), str):
            raise refusal(name, "must hold JSON Web Keys")
        if not _PRIVATE_MEMBERS.isdisjoint(key):
            raise refusal(name, "must hold public keys only")
    return {"keys": keys}
