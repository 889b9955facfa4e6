"""The span of a request: begun before anything is known of it, told at its end."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from starlette.types import Scope

from app.api.client_address import ClientAddress
from app.core.context import RequestContext
from app.tracing.span import enter, leave

if TYPE_CHECKING:
    from app.tracing.opentelemetry import OtelTracing

_METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())
_OTHER = "_OTHER"  # as the conventions of OpenTelemetry call a method of no standard
_ABSENT: Sequence[str] = ("",)


class RequestTraces:
    """Begins and ends the span of each request; one instance serves all."""

    def __init__(
        self, tracing: "OtelTracing", addresses: ClientAddress, continues: str
    ) -> None:
        """Know whose traces are gone on with.

        Args:
            tracing: Where spans are made.
            addresses: Knows the proxies.
            continues: ``trusted_proxies`` or ``everybody``.
        """
        self._tracing = tracing
        self._addresses = addresses
        self._trusts_all = continues == "everybody"

    def begin(
        self,
        scope: Scope,
        fields: Mapping[bytes, Sequence[str]],
        context: RequestContext,
    ) -> None:
        """Begin the span of a request, the current one of its task.

        The log gets the id of the trace that it is in.
        """
        given = fields.get(b"traceparent", _ABSENT)
        parent = given[0] if len(given) == 1 else None
        span = self._tracing.begin(
            _method(scope["method"]), "server", parent, trusts=self._trusts(scope)
        )
        context.trace_id = span.trace_id
        enter(span)

    def end(
        self, context: RequestContext, method: str, route: str | None, status: int
    ) -> None:
        """Say what it was, and what became of it; nothing of what was sent.

        Args:
            context: What is known about it.
            method: As sent.
            route: The template of its route.
            status: Of the answer; 0 if there was none.
        """
        span = leave()
        if span is None:
            return
        method = _method(method)
        words: dict[str, str | int] = {"http.request.method": method}
        if route is not None:
            words["http.route"] = route
        if context.reason:  # begins with a code; the rest is for the log
            words["auth_serve.refusal"] = context.reason.partition(" ")[0]
        if status:
            words["http.response.status_code"] = status
        span.describe(f"{method} {route}" if route else method, words)
        if not 0 < status < 500:
            span.fail(str(status) if status else "cancelled")
        span.end()

    def _trusts(self, scope: Scope) -> bool:
        if self._trusts_all:
            return True
        client = scope.get("client")
        return self._addresses.trusts(client[0] if client else None)


def _method(method: str) -> str:
    return method if method in _METHODS else _OTHER
