"""OIDC Core §5.1.2, RFC 9068 §2.2.2: claims of one's own choice, and where from.

A mapping takes one thing that is known and tells it under a name, perhaps below others,
perhaps less of it. It adds; what the protocol says stands for itself.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.oauth.claims import STANDARD_CLAIMS

MOST = 20  # mappings of one client or resource
SCOPE = "scope"
ATTRIBUTE = "attribute:"  # and its name: of those that the operator defined
SOURCES = frozenset({SCOPE, *STANDARD_CLAIMS})
# What tokens and answers say of themselves (RFC 7519 §4.1, RFC 7662 §2.2, RFC 8693 §4,
# RFC 9068 §2.2, OIDC Core §2, and our own).
PROTECTED = frozenset(
    "iss sub aud exp iat nbf jti client_id scope sid acr amr auth_time azp nonce "
    "at_hash c_hash act cnf may_act events grant_id active token_type person_scope "
    "claims_left_out".split()
)
# By these people are recognised elsewhere: nothing else passes for one.
_OWN = frozenset({"email", "email_verified", "phone_number", "phone_number_verified"})
_MEMBERS = frozenset({"claim", "source", "values", "format", "prefix"})
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,62}")
_MAX_NAME, _MAX_VALUES, _MAX_LEVELS = 200, 100, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimMapping:
    """One thing that is told.

    Attributes:
        claim: Its name; the dots of a nested one lead through objects.
        source: What is told: ``scope``, a claim about the person, or
            ``attribute:NAME``.
        values: Of a list, or of a single value, only these; ``*`` at an end is any
            rest. None at all is everything.
        format: Whether the dots of its name are levels.
        prefix: What stands before each value.
    """

    claim: str
    source: str
    values: tuple[str, ...] = ()
    format: Literal["flat", "nested"] = "flat"
    prefix: str = ""

    @property
    def attribute(self) -> str | None:
        """Name of the attribute that it tells, if it tells one."""
        is_one = self.source.startswith(ATTRIBUTE)
        return self.source.removeprefix(ATTRIBUTE) if is_one else None

    @property
    def path(self) -> tuple[str, ...]:
        """Names of the objects that lead to it, and its own."""
        return (
            tuple(self.claim.split(".")) if self.format == "nested" else (self.claim,)
        )


def read_mappings(documents: Sequence[Any]) -> tuple[ClaimMapping, ...]:
    """Return mappings as they are stored or sent.

    Raises:
        ValueError: One would replace what is not its own, or is none at all; it is
            told which and why.
    """
    if len(documents) > MOST:
        raise ValueError(f"are at most {MOST}")
    mappings = tuple(_read(each) for each in documents)
    paths = [mapping.path for mapping in mappings]
    for index, path in enumerate(paths):
        for other in paths[:index]:
            shared = min(len(path), len(other))
            if path[:shared] == other[:shared]:
                raise ValueError(f"tell {'.'.join(path)} twice")
    return mappings


def attributes_in(mappings: Iterable[ClaimMapping]) -> frozenset[str]:
    """Return the names of the attributes that mappings tell."""
    return frozenset(name for each in mappings if (name := each.attribute) is not None)


def _read(document: Any) -> ClaimMapping:
    if not isinstance(document, Mapping) or not document.keys() <= _MEMBERS:
        raise ValueError(f"have the members {', '.join(sorted(_MEMBERS))}")
    values = document.get("values") or []
    texts = [document.get("claim"), document.get("source"), document.get("prefix", "")]
    if not isinstance(values, list) or len(values) > _MAX_VALUES:
        raise ValueError(f"have at most {_MAX_VALUES} values")
    if not all(_is_text(each) for each in (*texts, *values)):
        raise ValueError(
            f"consist of texts of at most {_MAX_NAME} printable characters"
        )
    if document.get("format", "flat") not in ("flat", "nested"):
        raise ValueError("have the format flat or nested")
    mapping = ClaimMapping(**{**document, "values": tuple(values)})
    _check(mapping)
    return mapping


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_NAME and value.isprintable()


def _check(mapping: ClaimMapping) -> None:
    path, source = mapping.path, mapping.source
    if not all(path) or len(path) > _MAX_LEVELS:
        raise ValueError("name a claim")
    name = mapping.attribute
    is_attribute = name is not None and _ATTRIBUTE_NAME.fullmatch(name)
    if source not in SOURCES and not is_attribute:
        raise ValueError(f"know no source {source}")
    if path[0] in PROTECTED:
        raise ValueError(f"cannot replace {path[0]}")
    is_changed = mapping.values or mapping.prefix or path != (source,)
    if path[0] in _OWN and is_changed:
        raise ValueError(f"cannot replace {path[0]}")
    if len(path) > 1 and path[0] in STANDARD_CLAIMS:
        raise ValueError(f"cannot stand below {path[0]}")
