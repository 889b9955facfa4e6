"""The request of an application that waits while somebody signs in.

Pages hand its name on and never look into it. It is also the only thing that says where
a person goes on: there is no address among the parameters of a page (T055).
"""

import re
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse

from app.core.exceptions import BadRequest
from app.pages.parts.render import ONWARD, OPENER

FLOW = "flow"  # name of the parameter, and of the hidden field
USER_CODE = "user_code"  # the same for what a device shows (RFC 8628)
WAY = "way"  # the same for whoever wants to sign in here, and by no connection
TO = "to"  # the same for a page of the account that somebody signs in (again) for
_FLOW = re.compile(r"[A-Za-z0-9_-]{1,1600}")


class MalformedFlow(BadRequest):
    """The name of the waiting request is none that we make."""

    code = "malformed_flow"
    title = "This link is incomplete; go back to the application and start again"


def checked_flow(flow: str) -> str:
    """Return the name of a flow; empty is none.

    Raises:
        MalformedFlow: It is not one that we make.
    """
    if flow and not _FLOW.fullmatch(flow):
        raise MalformedFlow
    return flow


async def get_flow(request: Request) -> str:
    """Return the flow of a page's address; empty if there is none.

    Raises:
        MalformedFlow: It is not one that we make, or there are two.
    """
    flows = request.query_params.getlist(FLOW)
    if len(flows) > 1:
        raise MalformedFlow(hint=f"{len(flows)} flows")
    return checked_flow(flows[0] if flows else "")


Flow = Annotated[str, Depends(get_flow)]


LINK_PATH = "/signin/connect"  # where who proved an account says whether to
EXPIRING_PATH = "/signin/expiring"  # where who proved a password hears that it ends
ACCOUNT, OVERVIEW, PROFILE = "/account", "overview", "profile"
TOKENS, NEW_TOKEN = "tokens", "new-token"
APPLICATIONS = "applications"  # its address is older than the others
_SECTIONS = frozenset(
    (
        *(OVERVIEW, PROFILE, "email", "security", "password", "factors", "passkeys"),
        "connections",
        *("sessions", APPLICATIONS, "activity", "data", "delete"),
        *(TOKENS, NEW_TOKEN),
    )
)


CONSOLE = "console"
# A page of the console, spelled with full stops: its section, and what is shown there.
_CONSOLE = re.compile(r"console(\.[a-z]{1,16}(\.[A-Za-z0-9_-]{1,128}){0,2})?")


DEVICE = "device"
# The page where a device's code is typed, perhaps with the code of a link.
_DEVICE = re.compile(r"device(\.[A-Z]{8})?")


def device_section(code: str | None) -> str:
    """Return the page where a device's code is typed, as a section."""
    return f"{DEVICE}.{code}" if code else DEVICE


def address_of(section: str) -> str:
    """Return the address of a page of the account, of the console, or for devices."""
    place, _, code = section.partition(".")
    if place == DEVICE:
        return f"/{DEVICE}?{USER_CODE}={code}" if code else f"/{DEVICE}"
    if section.partition(".")[0] == CONSOLE:
        return "/".join(["/admin", *section.split(".")[1:]])
    if section == APPLICATIONS:
        return f"/{APPLICATIONS}"
    return ACCOUNT if section == OVERVIEW else f"{ACCOUNT}/{section}"


def section_of(text: str) -> str:
    """Return a page by its name, or nothing: it is no address."""
    is_one = text in _SECTIONS or _CONSOLE.fullmatch(text) or _DEVICE.fullmatch(text)
    return text if is_one else ""


async def get_section(request: Request) -> str:
    """Return the page of the account that a page's address names, if there is one."""
    named = request.query_params.getlist(TO)
    return section_of(named[0]) if len(named) == 1 else ""


Section = Annotated[str, Depends(get_section)]


def with_section(path: str, section: str) -> str:
    """Return the address of a page of ours that knows what somebody came for."""
    return f"{path}?{TO}={section}" if section else path


def with_flow(path: str, flow: str) -> str:
    """Return the address of a page of ours that knows what waits."""
    return f"{path}?{FLOW}={flow}" if flow else path


def onward(path: str, flow: str, section: str) -> str:
    """Return the address of a page that knows what waits, or what somebody wants."""
    return with_flow(path, flow) if flow else with_section(path, section)


def page_headers(flow: str) -> dict[str, str]:
    """Return the header fields of a page that somebody passes on the way."""
    return ONWARD if flow else {}


def go_on(path: str, flow: str = "") -> RedirectResponse:
    """Lead to a page of ours after a form, with what waits.

    303: the browser goes on with GET and posts no password again.
    """
    headers = OPENER if flow else {}
    return RedirectResponse(with_flow(path, flow), 303, headers=headers)


def go_back(flow: str, section: str = "") -> RedirectResponse:
    """Lead to where somebody who signed in wanted to go."""
    if section and not flow:
        return go_on(address_of(section))
    return go_on("/oauth2/resume" if flow else "/", flow)
