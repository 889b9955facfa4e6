"""Keeps secrets out of log lines: by the name of their field, and by their shape.

Every pattern tolerates a text that was cut in the middle of a secret, and runs in
linear time, because people outside choose much of what is logged.
"""

import re
from functools import lru_cache
from typing import Any

REDACTED = "[redacted]"
CUT = 2_000
"""Characters that a string keeps in a line."""

# Names are compared without case, "_" and "-". "code" and "input" are here because
# that is where a sign-in code and pydantic's copy of what was typed are found.
_NAMES = frozenset(
    "assertion authcode authorizationcode clientassertion code codes codeverifier "
    "cookies credential credentials devicecode dpop emailcode idtokenhint input "
    "inputvalue jwt mfacode otp passwordhash passwords pin pwd recoverycode "
    "recoverycodes secrets tokens totp usercode verificationcode".split()
)
_ENDINGS = tuple(
    "apikey authorization cookie passphrase passwd password privatekey secret "
    "secretkey token".split()
)
_WHOLE_LINE = ("authorization", "cookie")  # their values hold ";", "," and spaces
_JWK_SECRETS = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))  # RFC 7518

_WORDS = "auth|authentication|authorization|credentials|error|realm|scheme|tokens?"
# Each pattern with a text in lower case without which it cannot match: most strings
# hold none of them, and are not searched any further.
_SHAPES = tuple(
    (mark, re.compile(pattern), replacement)
    for mark, pattern, replacement in (
        (
            "private key",
            r"(?s)-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"
            r".*?(?:-----END [A-Z ]{0,40}-----|\Z)",
            REDACTED,
        ),
        ("eyj", r"eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)*", REDACTED),  # JWT, JWE
        *(
            (
                scheme,
                rf"(?i)\b({scheme})((?:\s|%20|\+){{1,4}})"
                rf"(?!(?:{_WORDS})(?![A-Za-z0-9._~+/-]))[A-Za-z0-9._~+/=-]+",
                rf"\1\2{REDACTED}",
            )
            for scheme in ("bearer", "basic", "dpop")
        ),
        (  # what we make ourselves: as_rt_..., as_ot_...
            "as_",
            r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}))as_[a-z]{2}_[A-Za-z0-9_-]{6,}",
            REDACTED,
        ),
        (  # user:password@, where the password may hold "/" but is no port
            "://",
            r"://[^\s/:@]{0,256}:(?!\d{1,5}(?:[/?#]|$))[^\s\"<>]{0,256}@",
            f"://{REDACTED}@",
        ),
        ("://", r"://[^\s/?#@\"<>]{0,256}@", f"://{REDACTED}@"),
        ("$", r"\$(?:argon2\w*|2[abxy]|5|6|y|scrypt|pbkdf2[\w-]*)\$\S+", REDACTED),
        # pydantic shows what was typed, SQLAlchemy and the databases what was stored.
        (
            "input_value=",
            r"input_value=(?:.*(?=, input_type=)|.*)",
            f"input_value={REDACTED}",
        ),
        ("[parameters", r"\[parameters: .*", f"[parameters: {REDACTED}]"),
        (
            "] ",
            r"(\[(?:generated in|cached since|no key|caching disabled|raw sql)"
            r"[^\]\n]{0,80}\] ).*",
            rf"\1{REDACTED}",
        ),
        ("key (", r"(Key \(.{0,200}?\)=\().*(?=\))", rf"\1{REDACTED}"),
        (
            "failing row",
            r"Failing row contains \(.*",
            f"Failing row contains ({REDACTED})",
        ),
        ("invalid ", r"(invalid (?:input|literal) [^:\n]{1,80}: ).*", rf"\1{REDACTED}"),
    )
)
_PAIR_MARKS = ("=", ":", "%3d", "'", '"')
_MARKS = (*dict.fromkeys(mark for mark, _, _ in _SHAPES), *_PAIR_MARKS)
# name=, name: , "name": , name%3D and ('name', 'value'), the last as headers are shown
_NAME = re.compile(
    r"(?<![\w-])(?:(?<=%)[0-9A-Fa-f]{2})?([\w-]{1,64}+)"
    r"((?:\\{0,9}[\"'])?\s{0,4}(?:=|:|%3[dD])\s{0,4}"
    r"|\\{0,9}[\"']\s{0,4},\s{0,4}(?=b?\\{0,9}[\"']))"
)
# A quote behind backslashes, however many, is taken for a part of the value: a repr
# within a repr doubles them. What opens a bracket may be anything up to the line's end.
_VALUE = re.compile(
    r"""(?s)\[redacted\]|b?"(?:[^"\\]|\\+.)*"?|b?'(?:[^'\\]|\\+.)*'?"""
    r"""|b?\\+["'].*?(?:\\+["']|\Z)|[\[({][^\r\n]*|[^\s&;,"'<>)\]}]*"""
)
_REST_OF_LINE = re.compile(r"[^\r\n]*")


@lru_cache(maxsize=1_024)
def any_secret_name(names: tuple[str, ...]) -> bool:
    """Tell whether one of the names is secret, for the few sets that lines have."""
    return any(map(is_secret_name, names))


@lru_cache(maxsize=2_048)
def is_secret_name(name: str) -> bool:
    """Tell whether a field of this name holds something that no log may show."""
    plain = _plain(name)
    return plain in _NAMES or plain.endswith(_ENDINGS)


def _plain(name: str) -> str:
    return name.rpartition(".")[2].lower().replace("_", "").replace("-", "")


def may_hold_secret(text: str) -> bool:
    """Tell, at little cost, whether :func:`redact` could change the text."""
    lower = text.lower()
    for mark in _MARKS:  # a loop costs a third of any()
        if mark in lower:
            return True
    return False


def redact(text: str) -> str:
    """Replace whatever looks like a secret in ``text``; the rest stays readable.

    Costs grow with the length: what is long is cut before, with room to spare.
    """
    lower = text.lower()
    for mark, pattern, replacement in _SHAPES:
        if mark in lower:
            text = pattern.sub(replacement, text)
    if any(mark in lower for mark in _PAIR_MARKS):
        text = _redact_pairs(text)
    return text


def _redact_pairs(text: str) -> str:
    kept: list[str] = []
    done = 0
    for found in _NAME.finditer(text):
        if found.start() < done or not is_secret_name(found[1]):
            continue
        whole = found[2][0] == ":" and _plain(found[1]).endswith(_WHOLE_LINE)
        value = (_REST_OF_LINE if whole else _VALUE).match(text, found.end())
        kept += text[done : found.end()], REDACTED
        done = value.end() if value else found.end()
    return "".join((*kept, text[done:]))


def shorten(text: str, limit: int = CUT) -> str:
    """Cut ``text`` to ``limit`` characters, the last one saying that it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def both_ends(text: str, limit: int = CUT) -> str:
    """Cut the middle out of ``text``; of a traceback, the cause stands last.

    Only for a text that was redacted: what is left may begin within a secret.
    """
    if len(text) <= limit:
        return text
    head = limit // 3
    return f"{text[:head]}…{text[head + 1 - limit:]}"


def redact_value(value: Any) -> Any:
    """Redact and cut all strings of a value made of dicts, lists and plain values.

    A secret is known by its key in a dict, by the first of two in a list (that is
    how header fields are kept), by being the private part of a JWK, or by its shape.
    """
    if type(value) is str:
        return shorten(redact(value))
    if type(value) is dict:
        return _redact_dict(value)
    if type(value) is list:
        return _redact_list(value)
    return value


def _redact_dict(fields: dict[str, Any]) -> dict[str, Any]:
    private = _JWK_SECRETS if "kty" in fields else frozenset()
    return {
        redact(name): (
            REDACTED if is_secret_name(name) or name in private else redact_value(value)
        )
        for name, value in fields.items()
    }


def _redact_list(items: list[Any]) -> list[Any]:
    if len(items) == 2 and type(items[0]) is str and is_secret_name(items[0]):
        return [items[0], REDACTED]
    return [redact_value(item) for item in items]
