"""Distinguished names (RFC 4514), compared as directories do and not as text.

slapd and 389 Directory Server write ``\\2C`` where ``\\,`` was put in, one of them
keeps double spaces, and nobody the case in which an operator wrote a name.
"""

import re

_ESCAPED = re.compile(r"\\([0-9A-Fa-f]{2})")
_SPECIAL = re.compile(r'[,+"\\<>;=#\x00]')
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)*")
_LONGEST = 4_096  # characters


def canonical(text: str) -> str:
    """Return a DN as one text for all the ways to write it.

    Values are compared without regard to case and to the number of spaces, as names of
    people and groups are.

    Raises:
        ValueError: It is none.
    """
    if len(text) > _LONGEST:
        raise ValueError("a DN of more than 4,096 characters")
    return ",".join(
        "+".join(sorted(_assertion(each) for each in _split(rdn, "+")))
        for rdn in _split(text, ",;")
    )


def canonical_or_as_is(text: str) -> str:
    """Return a DN in that form; whatever is no DN stays."""
    try:
        return canonical(text)
    except ValueError:
        return text


def _split(text: str, signs: str) -> list[str]:
    """Split at signs that are not escaped and do not stand in quotes."""
    parts, begin, at, is_quoted = [], 0, 0, False
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == '"':
            is_quoted = not is_quoted
        elif text[at] in signs and not is_quoted:
            parts.append(text[begin:at])
            begin = at + 1
        at += 1
    return [*parts, text[begin:]]


def _assertion(text: str) -> str:
    name, sign, value = text.partition("=")
    name = name.strip().lower().removeprefix("oid.")
    if not sign or not _TYPE.fullmatch(name):
        raise ValueError("a part of a DN is no name and value")
    return f"{name}={_value(value)}"


def _value(text: str) -> str:
    text = text.lstrip(" ")
    while text.endswith(" ") and not text.endswith("\\ "):
        text = text[:-1]
    if text.startswith("#"):
        return text.lower()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    octets = bytearray()
    at = 0
    while at < len(text):
        code = _ESCAPED.match(text, at)
        if code:
            octets += bytes.fromhex(code[1])
            at += 3
            continue
        if text[at] == "\\":
            at += 1
            if at == len(text):
                raise ValueError("a DN ends with a backslash")
        octets += text[at].encode()
        at += 1
    plain = octets.decode(errors="replace").casefold()
    squeezed = re.sub(" +", " ", plain).strip(" ")
    return _SPECIAL.sub(lambda sign: f"\\{ord(sign[0]):02x}", squeezed)
