"""RFC 6749 §3.1, §3.2 and appendix B: the parameters of a protocol request.

A parameter that is sent twice is refused, but for ``resource`` (RFC 8707 §2); one
without a value counts as absent, unknown ones are ignored. Parsers differ about all of
that; this one is asked alone.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from app.oauth.errors import InvalidRequest

MAX_LENGTH = 32_768  # bytes of one form or query
MAX_PARAMETERS = 100
RESOURCE = "resource"
_SEVERAL = frozenset({RESOURCE})


class Parameters(dict[str, str]):
    """Parameters by name, each there once and with a value; nobody changes them."""

    def __init__(
        self,
        values: Mapping[str, str],
        several: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        """Hold parameters; what is empty is left out.

        Args:
            values: Those that are known to be single.
            several: Those that may be there more than once; only ``every`` has them.
        """
        super().__init__({name: value for name, value in values.items() if value})
        self._several = several

    def every(self, name: str) -> tuple[str, ...]:
        """Return the values of a parameter that may be repeated, each once."""
        return tuple(dict.fromkeys(filter(None, self._several.get(name, ()))))

    def need(self, name: str) -> str:
        """Return a value.

        Raises:
            InvalidRequest: It is missing.
        """
        value = self.get(name)
        if value is None:
            raise InvalidRequest(f"{name} is missing")
        return value


def parse_form(raw: bytes) -> Parameters:
    """Read ``application/x-www-form-urlencoded``, from a body or a query.

    Raises:
        InvalidRequest: A parameter stands there twice, is not UTF-8, holds U+0000, or
            there are too many.
    """
    parameters, repeated = parse_query(raw)
    if repeated:
        raise InvalidRequest("a parameter is there twice")
    return parameters


def parse_query(raw: bytes) -> tuple[Parameters, frozenset[str]]:
    """Read an authorization request, which tells its client what was there twice.

    Returns:
        What is there once, and the names of what is not.

    Raises:
        InvalidRequest: A parameter is not UTF-8, holds U+0000, or there are too many.
    """
    if len(raw) > MAX_LENGTH:
        raise InvalidRequest("the request is too long")
    pairs = [part for part in raw.split(b"&") if part]
    if len(pairs) > MAX_PARAMETERS:
        raise InvalidRequest("too many parameters")
    values: dict[str, str] = {}
    repeated = set[str]()
    several: dict[str, list[str]] = {}
    for name, value in _decoded(raw, pairs):
        if name in _SEVERAL:
            several.setdefault(name, []).append(value)
            continue
        if name in values:
            repeated.add(name)
        values[name] = value
    for name in repeated:
        del values[name]
    return Parameters(values, several), frozenset(repeated)


def _decoded(raw: bytes, pairs: Sequence[bytes]) -> list[tuple[str, str]]:
    """Return names and values; most are written as they are, and decoded as one."""
    if b"%" in raw:
        halves = [pair.partition(b"=") for pair in pairs]
        return [(_decode(name), _decode(value)) for name, _, value in halves]
    texts = [part.partition("=") for part in _decode(raw).split("&") if part]
    return [(name, value) for name, _, value in texts]


def is_value(text: str) -> bool:
    """Tell whether a text could be the value of a parameter."""
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can hold
        return False
    return bool(text) and "\0" not in text


def _decode(raw: bytes) -> str:
    try:
        spaced = raw.replace(b"+", b" ")
        text = (unquote_to_bytes(spaced) if b"%" in spaced else spaced).decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest("a parameter is not UTF-8") from error
    if "\0" in text:
        raise InvalidRequest("a parameter holds U+0000")
    return text


def read_hint(params: Parameters, longest: int, *names: str) -> str | None:
    """Return a hint; one that no field could hold is none.

    Args:
        params: Of the request.
        longest: Characters.
        names: What it is called, the first one that is there.
    """
    hint = next((params[each] for each in names if each in params), "")
    return hint if hint.isprintable() and 0 < len(hint) <= longest else None
