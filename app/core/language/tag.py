"""Names of languages (BCP 47), and which of ours somebody means (RFC 4647).

All of it is what strangers send: what is looked at is bounded, whatever came.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

_MAX_FIELD = 1_000  # characters of an ``Accept-Language``; browsers send a tenth
_MAX_TAGS = 32
_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,6}")
_QUALITY = re.compile(r"[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*")


def look_up(wanted: Iterable[str], known: Mapping[str, str]) -> str:
    """Return the first language of those wanted that is known; empty if none is.

    "de-CH-1996" is also "de-CH" and "de" (RFC 4647 section 3.4).

    Args:
        wanted: Tags, the dearest first.
        known: Languages by their tags in small letters, other names for one included.
    """
    for number, tag in enumerate(wanted):
        if number == _MAX_TAGS:
            break
        if not _TAG.fullmatch(tag):
            continue
        shorter = tag.lower()
        while shorter:
            if shorter in known:
                return known[shorter]
            shorter = shorter.rpartition("-")[0]
    return ""


def accepted(field: str) -> list[str]:
    """Return the tags of an ``Accept-Language`` by their weight (RFC 9110 §12.5.4)."""
    weighed = sorted(_weighed(field), key=lambda pair: -pair[0])  # stable
    return [tag for weight, tag in weighed if weight > 0]


def _weighed(field: str) -> Iterator[tuple[float, str]]:
    for part in field[:_MAX_FIELD].split(",")[:_MAX_TAGS]:
        tag, _, parameter = part.partition(";")
        weight = _QUALITY.fullmatch(parameter)
        if weight or not parameter:
            yield float(weight[1]) if weight else 1.0, tag.strip()
