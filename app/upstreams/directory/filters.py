"""Search filters (RFC 4511 §4.5.1.7), made of values and never of pasted text.

What a person typed is an octet string of its own within the filter: there is nothing to
escape, and nothing that it could end (LDAP injection). Only operators write filters as
text (RFC 4515), which ``parse`` reads.
"""

import re
from typing import NewType

from app.upstreams.directory import ber

Filter = NewType("Filter", bytes)

_AND, _OR, _NOT = 0xA0, 0xA1, 0xA2
_EQUAL, _SUBSTRINGS, _GREATER, _LESS = 0xA3, 0xA4, 0xA5, 0xA6
_PRESENT, _APPROX, _EXTENSIBLE = 0x87, 0xA8, 0xA9
_INITIAL, _ANY, _FINAL = 0x80, 0x81, 0x82
_RULE, _TYPE, _VALUE, _DN_TOO = 0x81, 0x82, 0x83, 0x84
_ATTRIBUTE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.;_-]{0,127}")
_ITEM = re.compile(r"([^=<>~:()*\\]*)(:[^=()]*)?(=|<=|>=|~=|:=)([^()]*)", re.DOTALL)
_ESCAPED = re.compile(r"\\([0-9A-Fa-f]{2})|(\\)|([^\\]+)", re.DOTALL)
_DEEPEST = 20
_LONGEST = 4_096  # characters


def equal(attribute: str, value: str | bytes) -> Filter:
    """Return a filter for who has a value."""
    return Filter(ber.element(_EQUAL, ber.octets(attribute), ber.octets(value)))


def present(attribute: str) -> Filter:
    """Return a filter for who has any value."""
    return Filter(ber.octets(attribute, _PRESENT))


def matching(attribute: str, rule: str, value: str | bytes) -> Filter:
    """Return a filter by a matching rule."""
    return Filter(
        ber.element(
            _EXTENSIBLE,
            ber.octets(rule, _RULE),
            ber.octets(attribute, _TYPE),
            ber.octets(value, _VALUE),
        )
    )


def all_of(*filters: Filter) -> Filter:
    """Return a filter for who meets each one."""
    return filters[0] if len(filters) == 1 else Filter(ber.element(_AND, *filters))


def any_of(*filters: Filter) -> Filter:
    """Return a filter for who meets one at least."""
    return filters[0] if len(filters) == 1 else Filter(ber.element(_OR, *filters))


def parse(text: str) -> Filter:
    """Read a filter as operators write it (RFC 4515).

    Raises:
        ValueError: It is none, or longer or deeper than any of use.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"a filter has at most {_LONGEST} characters")
    found, rest = _one(text.strip(), 0)
    if rest:
        raise ValueError("something follows the filter")
    return found


def _one(text: str, depth: int) -> tuple[Filter, str]:
    if not text.startswith("(") or depth > _DEEPEST:
        raise ValueError("a filter stands in parentheses, at most 20 deep")
    mark = text[1:2]
    if mark in ("&", "|", "!"):
        return _composed(mark, text[2:], depth)
    end = text.find(")")
    if end < 0:
        raise ValueError("a parenthesis is not closed")
    return _item(text[1:end]), text[end + 1 :]


def _composed(mark: str, text: str, depth: int) -> tuple[Filter, str]:
    parts: list[Filter] = []
    while text.startswith("("):
        part, text = _one(text, depth + 1)
        parts.append(part)
    if not text.startswith(")") or not parts or (mark == "!" and len(parts) > 1):
        raise ValueError(f"{mark} has no filters that it could be of")
    tag = {"&": _AND, "|": _OR, "!": _NOT}[mark]
    return Filter(ber.element(tag, *parts)), text[1:]


def _item(text: str) -> Filter:
    found = _ITEM.fullmatch(text)
    if found is None:
        raise ValueError("a part is no attribute, sign and value")
    attribute, rule, sign, value = found.groups()
    if sign == ":=" or rule:
        if sign == "=" and rule and rule.endswith(":"):  # ":rule:" and "="
            sign, rule = ":=", rule[:-1]
        if sign != ":=":
            raise ValueError("a matching rule stands before :=")
        return _extensible(attribute, rule or "", value)
    if not _ATTRIBUTE.fullmatch(attribute):
        raise ValueError("an attribute has no name")
    if sign == "=" and value == "*":
        return present(attribute)
    if sign == "=" and "*" in value:
        return _substrings(attribute, value.split("*"))
    if "*" in value:
        raise ValueError("* stands after = only")
    tag = {"=": _EQUAL, ">=": _GREATER, "<=": _LESS, "~=": _APPROX}[sign]
    return Filter(ber.element(tag, ber.octets(attribute), ber.octets(_plain(value))))


def _extensible(attribute: str, rule: str, value: str) -> Filter:
    words = [word for word in rule.split(":") if word]
    dn_too = bool(words) and words[0].lower() == "dn"
    names = words[1:] if dn_too else words
    if len(names) > 1 or not all(_ATTRIBUTE.fullmatch(each) for each in names):
        raise ValueError("a matching rule has one name")
    if not (attribute or names) or (attribute and not _ATTRIBUTE.fullmatch(attribute)):
        raise ValueError("an attribute has no name")
    parts = [ber.octets(names[0], _RULE)] if names else []
    parts += [ber.octets(attribute, _TYPE)] if attribute else []
    parts.append(ber.octets(_plain(value), _VALUE))
    parts += [ber.boolean(True, _DN_TOO)] if dn_too else []
    return Filter(ber.element(_EXTENSIBLE, *parts))


def _substrings(attribute: str, pieces: list[str]) -> Filter:
    first, *middle, last = pieces
    if not all(middle):
        raise ValueError("two * follow one another")
    parts = [ber.octets(_plain(first), _INITIAL)] if first else []
    parts += [ber.octets(_plain(each), _ANY) for each in middle]
    parts += [ber.octets(_plain(last), _FINAL)] if last else []
    body = ber.octets(attribute), ber.sequence(*parts)
    return Filter(ber.element(_SUBSTRINGS, *body))


def _plain(value: str) -> bytes:
    """Return the octets of a value; ``\\2a`` is one of them."""
    found = bytearray()
    for code, alone, text in _ESCAPED.findall(value):
        if alone:
            raise ValueError("\\ stands before two hexadecimal digits")
        found += bytes.fromhex(code) if code else text.encode()
    return bytes(found)
