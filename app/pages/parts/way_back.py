"""The way back to the application at which somebody began (ADR-0026).

Where its request still waits in this very browser, the way is that request. Everywhere
else it is a link to the application's own registered address, under its name: going on
by itself would sign people in to what somebody else began (login CSRF). No address ever
comes from a query or a form.
"""

import re
from dataclasses import dataclass
from uuid import UUID

from fastapi import Response

from app.oauth.clients.start import start_of
from app.pages.parts import texts
from app.pages.parts.asked import (
    place_name,
    returning_application,
    waiting_at,
)
from app.pages.parts.browser import keep_value
from app.pages.parts.flow import go_on
from app.pages.parts.form_page import Link
from app.services.accounts.begun_at import BegunAt
from app.services.clients.theme import wear
from app.services.oauth.begun_at import BegunAtService
from app.services.one_time.token import Purpose
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser, BrowserSessionService

AFTER = "after"  # name of the parameter: the token of a mail that was used up
_AFTER = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class WayBack:
    """An application that somebody came from.

    Attributes:
        name: What people know it by; of one that nobody vouches for it is the host of
            the link and nothing that it says of itself (ADR-0014).
        start: Where signing in to it begins, at its own registered address; empty for
            a program on the person's device.
    """

    name: str
    start: str

    @property
    def link(self) -> Link:
        """The link there; what to do instead, where no browser gets there."""
        if self.start:
            return Link(texts.back_to(self.name), self.start)
        return Link(texts.begin_again(self.name))


def links_back(way: WayBack | None, browser: Browser) -> list[Link]:
    """Return where somebody goes on: to the application, and to the account here."""
    links = [way.link] if way else []
    if browser.current is not None:
        return [*links, Link(texts.HOME, "/")]
    return [*links, Link(texts.SIGN_IN, "/signin")]


async def way_back_to(begun: BegunAt | None, runtime: Runtime) -> WayBack | None:
    """Return the way to an application; None if it is not registered any more."""
    client = await runtime.clients.by_client_id(begun.client_id) if begun else None
    if begun is None or client is None:
        return None
    wear(client)
    is_its_own = begun.redirect_uri in client.redirect_uris
    redirect_uri = begun.redirect_uri if is_its_own else ""
    start = start_of(client, redirect_uri, runtime.settings.public_url)
    if not client.is_vouched_for:
        return WayBack(place_name(start), start)
    return WayBack(returning_application(client, redirect_uri).full_name, start)


async def way_back_of_flow(flow: str, runtime: Runtime) -> WayBack | None:
    """Return the way to the application of a flow that cannot go on here."""
    return await way_back_to(await BegunAtService(runtime).of_flow(flow), runtime)


async def links_if_over(
    flow: str, waiting: object | None, runtime: Runtime
) -> list[Link] | None:
    """Return the way to the application of a flow that is over; None if it is not."""
    if not flow or waiting is not None:
        return None
    way = await way_back_of_flow(flow, runtime)
    return [way.link] if way else []


async def way_back_of_link(
    purpose: Purpose, token: str, runtime: Runtime
) -> WayBack | None:
    """Return the way to the application at which a mail was asked for."""
    begun = await BegunAtService(runtime).of_link(purpose, token)
    return await way_back_to(begun, runtime)


async def lead_after(
    what: str,
    token_id: UUID,
    browser: Browser,
    runtime: Runtime,
    *,
    flow: str = "",
) -> Response:
    """Lead to the page that says that it worked, and from there on.

    Args:
        what: Which page, see ``texts.DONE``.
        token_id: The token of the mail that was used up.
        browser: Where the person is now.
        runtime: The parts of the process.
        flow: What waits, if the person had it with them.
    """
    begun = await BegunAtService(runtime).of_token(token_id)
    if begun is not None and begun.flow_id is not None and not flow:
        key = runtime.secret_key
        flow = key.one_time_token(Purpose.OAUTH_FLOW, begun.flow_id)
    if await waiting_at(browser, flow, runtime) is not None:
        return go_on(f"/done/{what}", flow)
    if begun is None:
        return go_on(f"/done/{what}")
    bound = BrowserSessionService(runtime).with_value(browser)
    answer = go_on(f"/done/{what}?{AFTER}={_sealed(token_id, bound, runtime)}")
    keep_value(answer, bound, browser, runtime)
    return answer


async def way_back_after(
    after: str, browser: Browser, runtime: Runtime
) -> WayBack | None:
    """Return the way back that ``lead_after`` put into an address.

    It counts in the browser that it was made for, so that nobody can hand it to others
    with the name of their own application on our page.
    """
    found = _AFTER.fullmatch(after)
    if found is None or not browser.value:
        return None
    token_id = UUID(hex=found[1])
    is_ours = runtime.secret_key.is_form_token
    if not is_ours(found[2], AFTER, browser.value, token_id.hex):
        return None
    return await way_back_to(await BegunAtService(runtime).of_token(token_id), runtime)


def _sealed(token_id: UUID, browser: Browser, runtime: Runtime) -> str:
    mac = runtime.secret_key.form_token(AFTER, browser.value, token_id.hex)
    return f"{token_id.hex}.{mac}"
