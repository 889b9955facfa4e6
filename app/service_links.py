"""Names that orchestrators put beside ours, for services that are called like us.

Kubernetes tells every pod of a namespace about each Service (``enableServiceLinks``),
and Docker's links do the same. A Service named ``auth-serve`` makes names with our
prefix. They are known by name and value together, so that no slip is taken for one.
"""

import re
from collections.abc import Mapping

_TAIL = re.compile(
    r"(?:\w+?_)??(?P<kind>SERVICE_HOST|SERVICE_PORT(?:_\w+)?"
    r"|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?P<part>_PROTO|_PORT|_ADDR)?)?)"
)
_URL = re.compile(r"(?:tcp|udp|sctp)://\S+")
_VALUES = {
    "_PROTO": re.compile(r"tcp|udp|sctp"),
    "_PORT": re.compile(r"\d{1,5}"),
    "_ADDR": re.compile(r"[0-9A-Fa-f.:]+"),
}
_CONTAINER = re.compile(r"/[\w.-]+/[\w.-]+")  # who links, and as what


def service_links(environment: Mapping[str, str], prefix: str) -> set[str]:
    """Return the names that somebody else's services have put there.

    Args:
        environment: What the process was started with.
        prefix: What our names begin with, and such names as well.
    """
    ours = {name for name in environment if name.upper().startswith(prefix)}
    links = {name for name in ours if _is_link(name[len(prefix) :], environment[name])}
    for name in ours:
        alias, mark, last = name.rpartition("_")
        if mark and last == "NAME" and _CONTAINER.fullmatch(environment[name]):
            links.add(name)
            links |= {each for each in ours if each.startswith(f"{alias}_ENV_")}
    return links


def _is_link(tail: str, value: str) -> bool:
    found = _TAIL.fullmatch(tail)
    if found is None:
        return False
    kind, part = found["kind"], found["part"]
    if kind == "SERVICE_HOST":
        return _VALUES["_ADDR"].fullmatch(value) is not None
    if kind.startswith("SERVICE_PORT"):  # also of a service whose name ends so
        return any(form.fullmatch(value) for form in (_URL, *_VALUES.values()))
    return (_VALUES[part] if part else _URL).fullmatch(value) is not None
