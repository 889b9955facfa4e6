"""The form of a directory: name and password, at a page of ours (ADR-0102)."""

from typing import TYPE_CHECKING

from fastapi import Response

from app.core.exceptions import AppError
from app.core.language import N_, Message, gettext
from app.pages.parts import texts
from app.pages.parts.asked import asking, hinted_email, waiting_at
from app.pages.parts.browser import show_page
from app.pages.parts.flow import address_of, onward
from app.pages.parts.form import Values
from app.pages.parts.form_page import (
    CURRENT_PASSWORD,
    Around,
    Field,
    Form,
    FormPage,
    Link,
)
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser
from app.services.upstreams.directory import Way
from app.services.upstreams.errors import (
    DirectoryPasswordMustChange,
    DirectoryPasswordRefused,
)

if TYPE_CHECKING:
    from app.services.upstreams.journey import Going

CONNECT = "connect"  # the account that is signed in gets this way in
CHANGE = "change"  # another password is wanted, though the old one is good
CONNECTIONS = "connections"  # the section of the account
LOGIN = Field("login", N_("User name"), "text", "username")
NEW = Field("new", N_("New password"), "password", "new-password")
_CONNECT_TITLE = N_("Connect %(name)s")
_INTRO = N_("Use your name and password of %(name)s.")
_CHANGE = N_("Set new password")
_OTHERWISE = N_("Sign in another way")


async def show_directory_form(
    name: str,
    values: Values,
    going: "Going",
    browser: Browser,
    runtime: Runtime,
    error: AppError | None = None,
) -> Response:
    """Show the form.

    Args:
        name: Of the connection.
        values: What was typed before.
        going: What for; the name that it hints at stands there already.
        browser: Whose.
        runtime: The parts of the process.
        error: Why it is shown again.

    Raises:
        ConnectionNotFound: There is none of this name that asks for a password.
    """
    way = await _asking(name, runtime)
    waiting = await waiting_at(browser, going.flow, runtime)
    said = {"name": way.display_name}
    is_change = NEW.name in values or isinstance(
        error, DirectoryPasswordMustChange | DirectoryPasswordRefused
    )
    fields = (LOGIN, CURRENT_PASSWORD, *((NEW,) if is_change else ()))
    form = Form(_CHANGE if is_change else texts.SIGN_IN, fields, by_link=False)
    is_connecting = going.user_id is not None
    title = Message(gettext(_CONNECT_TITLE) % said) if is_connecting else texts.SIGN_IN
    page = FormPage(
        f"/upstreams/{name}", title, Message(gettext(_INTRO) % said), (form,)
    )
    back = onward("/signin", going.flow, going.section)
    if is_connecting:
        back = address_of(CONNECTIONS)
    around = Around(
        flow=going.flow if waiting else "",
        section=going.section,
        application=asking(waiting),
        links=[Link(gettext(_OTHERWISE), back)],
        carried={CONNECT: "yes"} if is_connecting else {},
    )
    typed = values.get(LOGIN.name) or going.login_hint
    kept = {LOGIN.name: typed or hinted_email(waiting)}
    return show_page(page, browser, runtime, kept, error, around)


async def _asking(name: str, runtime: Runtime) -> Way:
    # Here: few services have a directory.
    from app.services.upstreams.password import UpstreamPasswordService

    way, _ = await UpstreamPasswordService(runtime, runtime.connections).way(name)
    return way
