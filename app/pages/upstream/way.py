"""The way to where somebody is known already, and back (ADR-0101).

It is begun by a form of ours, never by a link: nobody is signed in because they opened
an address (login CSRF). The other side may answer by a form of its own site, with which
no cookie comes; it is sealed into an address that the browser is led to.
"""

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.exceptions import AppError, PayloadTooLarge, UnsupportedMediaType
from app.core.late.route import LateRoute
from app.core.secret_key import SealBroken
from app.pages.parts.asked import waiting_at
from app.pages.parts.browser import (
    AtBrowser,
    ask_second_step,
    check_form,
    go_back_signed_in,
    is_of_before,
    keep_expiring,
    keep_link,
)
from app.pages.parts.csrf import ForeignForm
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import (
    FLOW,
    TO,
    checked_flow,
    go_on,
    section_of,
    with_section,
)
from app.pages.parts.form import MalformedForm, Values, parse_form, read_body
from app.pages.parts.form_page import note
from app.pages.parts.render import OPENER
from app.pages.sign_in.journey import (
    asks_password,
    go_away,
    going_for,
    refused,
    service,
)
from app.pages.sign_in.signin import show_form
from app.pages.upstream.directory import take
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser, BrowserSessionService
from app.services.upstreams.errors import UpstreamSignInRefused

if TYPE_CHECKING:
    from app.services.upstreams.journey import Going
    from app.services.upstreams.sign_in import Arrival

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_POSTED = "posted"  # name of the parameter
_MAX_POSTED = 8_192  # bytes of a form, so that the address of it is none too long


@router.post("/upstreams/{name}")
async def leave(
    name: str, request: Request, values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Lead to the other side of a connection."""
    flow, section = checked_flow(values.get(FLOW, "")), section_of(values.get(TO, ""))
    waiting = await waiting_at(browser, flow, runtime)
    flow = flow if waiting else ""
    try:
        if not is_of_before(browser, values, runtime):
            check_form(browser, values, runtime)
    except ForeignForm as error:
        note(error)
        return await show_form(
            waiting, browser, runtime, {}, flow, error, section=section
        )
    going = await going_for(waiting, flow, section, browser, runtime)
    if await asks_password(name, runtime):
        return await _by_password(name, values, going, request, browser, runtime)
    return await go_away(name, going, request, browser, runtime)


async def _by_password(
    name: str,
    values: Values,
    going: "Going",
    request: Request,
    browser: Browser,
    runtime: Runtime,
) -> Response:
    """Take name and password, or ask for them."""
    try:
        outcome = await take(name, values, going, browser, runtime)
    except UpstreamSignInRefused as refusal:
        return refused(refusal, request)
    if isinstance(outcome, Response):
        return outcome
    return await _answer(outcome, browser, runtime)


@router.get("/upstreams/{name}/callback")
async def arrive(
    name: str, request: Request, browser: AtBrowser, runtime: State
) -> Response:
    """Take somebody back."""
    arrivals = service(runtime)
    try:
        try:
            parameters = _parameters(name, request, runtime)
        except MalformedForm as error:
            await arrivals.unread(name, "malformed", error.hint)
        arrival = await arrivals.complete(name, parameters, browser)
    except UpstreamSignInRefused as refusal:
        return refused(refusal, request)
    return await _answer(arrival, browser, runtime)


@router.post("/upstreams/{name}/callback")
async def arrive_by_form(name: str, request: Request, runtime: State) -> Response:
    """Lead to the same by GET, with which the cookies of the browser come."""
    try:
        values = parse_form(await read_body(request, _MAX_POSTED))
    except (MalformedForm, PayloadTooLarge, UnsupportedMediaType) as error:
        return await _unread(name, error, request, runtime)
    packed = zlib.compress(json.dumps(dict(values)).encode(), 9)
    nonce = runtime.randomness.bytes(12)
    sealed = runtime.secret_key.seal(packed, nonce, _context(name))
    text = urlsafe_b64encode(sealed).rstrip(b"=").decode()
    where = f"/upstreams/{name}/callback?{_POSTED}={text}"
    return RedirectResponse(where, 303, headers=OPENER)


async def _unread(
    name: str, error: AppError, request: Request, runtime: Runtime
) -> Response:
    """Refuse a form that cannot be read, like every other answer that is none."""
    reason, detail = "malformed", "it is no form, or says something twice"
    if isinstance(error, PayloadTooLarge):
        reason, detail = "oversized", error.hint
    try:
        await service(runtime).unread(name, reason, detail)
    except UpstreamSignInRefused as refusal:
        return refused(refusal, request)


async def _answer(arrival: "Arrival", browser: Browser, runtime: Runtime) -> Response:
    flow, section = arrival.going.flow, arrival.going.section
    if arrival.required is not None:
        asked = ask_second_step(flow, arrival.required, runtime, section)
        if arrival.expiring:
            keep_expiring(asked, runtime, arrival.expiring)
        return asked
    if arrival.refusal is not None:
        note(arrival.refusal)
        waiting = await waiting_at(browser, flow, runtime)
        return await show_form(
            waiting, browser, runtime, {}, flow, arrival.refusal, section=section
        )
    if arrival.started is not None:
        joined = await BrowserSessionService(runtime).joined(browser, arrival.started)
        told = arrival.expiring
        joined = replace(joined, expiring=told.text if told else "")
        back = go_back_signed_in(flow, joined, runtime, section)
        if told or browser.expiring:
            keep_expiring(back, runtime, told)
        return back
    if arrival.link:
        path = "/signin" if flow else with_section("/signin", section)
        answer = go_on(path, flow)
        keep_link(answer, runtime, arrival.link)
        return answer
    if arrival.is_linked:
        return go_on("/account/connections?done=connected")
    return go_on("/done/registered", flow)


def _parameters(name: str, request: Request, runtime: Runtime) -> Mapping[str, str]:
    """Return what the other side says, each once.

    Raises:
        MalformedForm: Something stands there twice, or is none that we sealed.
    """
    pairs = request.query_params.multi_items()
    values = dict(pairs)
    if len(values) != len(pairs) or any("\0" in key + text for key, text in pairs):
        raise MalformedForm(hint="a parameter stands twice, or U+0000")
    posted = values.get(_POSTED)
    return values if posted is None else _unsealed(name, posted, runtime)


def _unsealed(name: str, posted: str, runtime: Runtime) -> Mapping[str, str]:
    try:
        sealed = urlsafe_b64decode(posted + "=" * (-len(posted) % 4))
        packed = runtime.secret_key.unseal(sealed, _context(name))
    except (SealBroken, ValueError) as error:
        raise MalformedForm(hint="not sealed here") from error
    values: Mapping[str, str] = json.loads(zlib.decompress(packed))
    return values


def _context(name: str) -> str:
    return f"upstream_posted:{name}"
