"""Parameters that a route of the JSON API does not know are refused, not ignored.

A filter with a slip in its name would otherwise return everything, as if it had been
met. The protocol's endpoints ignore what they do not know (RFC 6749 section 3.1).
"""

from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.exceptions import FieldError, Unprocessable
from app.core.late.route import LateRoute


def refuse_unknown(query: bytes, known: Iterable[str]) -> None:
    """Refuse a query that names what is not known.

    Raises:
        Unprocessable: It names each; of their values nothing is told.
    """
    names = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    unknown = [name for name in names if name not in known]
    if not unknown:
        return
    offer = ", ".join(sorted(known)) or "none"
    message = f"is no parameter here; there are: {offer}"
    raise Unprocessable(
        [FieldError(name[:100], "unknown_parameter", message) for name in unknown[:10]]
    )


def knowing_their_query(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """Return the routes, each refusing what it does not know."""
    made = list(routes)
    for route in made:
        assert isinstance(route, LateRoute), "none of this API goes without"
        route.put_behind(_guarded)
    return made


def _parameters(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _parameters(each)


def _guarded(route: APIRoute) -> ASGIApp:
    app, known = route.app, frozenset(_parameters(route.dependant))

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["query_string"]:
            refuse_unknown(scope["query_string"], known)
        await app(scope, receive, send)

    return guarded
