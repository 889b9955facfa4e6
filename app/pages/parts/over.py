"""Requests of applications that cannot go on here: where the person does."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec

from fastapi import Response

from app.pages.parts.flow import FLOW
from app.pages.parts.way_back import links_back, way_back_of_flow, way_back_to
from app.services.accounts.begun_at import BegunAt
from app.services.oauth.flow import FlowNotFound
from app.services.oauth.refusal import UnanswerableRequest
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser

Handler = ParamSpec("Handler")


def leads_on(
    handler: Callable[Handler, Awaitable[Response]],
) -> Callable[Handler, Awaitable[Response]]:
    """Give the refusal of a flow's page a way on: to the application that asked.

    The handler takes ``browser`` and ``runtime``, and ``flow`` or a form's ``values``.
    """

    @wraps(handler)
    async def guarded(*args: Handler.args, **given: Handler.kwargs) -> Response:
        refusal: FlowNotFound | UnanswerableRequest
        try:
            return await handler(*args, **given)
        except (FlowNotFound, UnanswerableRequest) as error:
            refusal = error
        parts: dict[str, Any] = dict(given)
        flow = parts.get(FLOW) or parts.get("values", {}).get(FLOW, "")
        await lead_back(refusal, flow, parts["browser"], parts["runtime"])
        raise refusal

    return guarded


async def lead_back(
    error: FlowNotFound | UnanswerableRequest,
    flow: str,
    browser: Browser,
    runtime: Runtime,
) -> None:
    """Give a refusal the links that its page shows."""
    if isinstance(error, FlowNotFound):
        way = await way_back_of_flow(flow, runtime)
    else:
        known = error.client_id
        begun = BegunAt(client_id=known) if known else None
        way = await way_back_to(begun, runtime)
    error.steps = [(link.text, link.to) for link in links_back(way, browser)]
