"""What all pages of the account share: who is in, how fresh, and the way around."""

from dataclasses import dataclass, replace
from typing import Any

from fastapi import Response

from app.core.context import current
from app.core.exceptions import AppError
from app.core.language import N_, Message, gettext
from app.pages.parts import texts
from app.pages.parts.browser import (
    actor_of,
    is_operator,
    keep_accounts,
    render_form,
)
from app.pages.parts.flow import (
    APPLICATIONS,
    NEW_TOKEN,
    OVERVIEW,
    PROFILE,
    TOKENS,
    address_of,
    go_on,
    with_section,
)
from app.pages.parts.form_page import note
from app.pages.parts.proof import lead_to_proof
from app.services.accounts.picture import PictureService
from app.services.server.runtime import Runtime
from app.services.sessions.authentication import AuthenticationService
from app.services.sessions.errors import ReauthenticationRequired
from app.services.sign_in.browser_session import Browser, BrowserAccount


@dataclass(frozen=True, slots=True)
class _Way:
    """An entry of the navigation, and the pages that are reached from its page."""

    section: str
    label: Message
    icon: str
    below: tuple[str, ...] = ()


_WAYS = (
    _Way(OVERVIEW, N_("Overview"), "home"),
    _Way(PROFILE, N_("Profile"), "person", ("email",)),
    _Way(
        "security",
        N_("Security"),
        "shield",
        ("password", "passkeys", "factors", "connections"),
    ),
    _Way("sessions", N_("Devices"), "laptop"),
    _Way(APPLICATIONS, N_("Applications"), "apps"),
    _Way(TOKENS, N_("Access tokens"), "key", (NEW_TOKEN,)),
    _Way("activity", N_("Activity"), "clock"),
    _Way("data", N_("Your data"), "download", ("delete",)),
)


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody at a page of their account."""

    section: str
    browser: Browser
    account: BrowserAccount
    runtime: Runtime

    @property
    def place(self) -> str:
        """Return where a sign-in leads back to."""
        return self.section

    async def render(
        self, template: str, error: AppError | None = None, **values: Any
    ) -> Response:
        """Return the page, with the way to the others.

        The picture, and whether the way to the console is shown, are read here: a form
        that leads on needs neither.
        """
        on = _way_of(self.section)
        async with self.runtime.unit_of_work(read_only=True) as uow:
            pictures = PictureService(uow, self.runtime)
            picture = await pictures.path_of(self.account.user_id)
        may_enter = await is_operator(self.account, self.runtime)
        return render_form(
            template,
            self.browser,
            self.runtime,
            error=error,
            account=self.account,
            section=self.section,
            ways=self._ways(on, may_enter),
            above=on if on.section != self.section else None,
            above_at=address_of(on.section),
            picture=picture,
            has_others=len(self.browser.accounts) > 1,
            **values,
        )

    def _ways(self, on: _Way, may_enter: bool) -> list[tuple[str, str, str, bool, str]]:
        """Return the entries of the navigation; the way to the console is the last."""
        has_tokens = self.runtime.settings.personal_tokens.enabled
        entries = [
            (way.icon, gettext(way.label), address_of(way.section), way is on, "")
            for way in _WAYS
            if has_tokens or way.section != TOKENS
        ]
        if may_enter:
            entries.append(("settings", gettext(texts.CONSOLE), "/admin", False, ""))
        return entries

    def stay(self, done: str = "") -> Response:
        """Lead to the page itself after a form; ``done`` is what it says there."""
        path = address_of(self.section)
        return go_on(f"{path}?done={done}" if done else path)

    def stay_stronger(self, done: str) -> Response:
        """Do the same under a new cookie: the session proved more than it had."""
        # As `SessionRepository.strengthen` counts; else they would be signed out here.
        account = replace(self.account, counter=self.account.counter + 1)
        answer = self.stay(done)
        keep_accounts(answer, self.browser.using(account), self.runtime)
        return answer


def _way_of(section: str) -> _Way:
    return next(way for way in _WAYS if section in (way.section, *way.below))


async def enter(
    section: str, browser: Browser, runtime: Runtime, *, fresh: bool = False
) -> Here | Response:
    """Return who is at a page, or the answer that leads them to signing in.

    Args:
        section: Which page.
        browser: Whose.
        runtime: The parts of the process.
        fresh: Whether it is one for whoever proved just now to be the owner.
    """
    account = browser.current
    if account is None:
        return go_on(with_section("/signin", section))
    current().user_id = account.user_id
    if fresh:
        try:
            await demand_fresh(account, runtime)
        except ReauthenticationRequired as error:
            note(error)
            return await lead_to_proof(section, account, runtime)
    return Here(section, browser, account, runtime)


async def demand_fresh(account: BrowserAccount, runtime: Runtime) -> None:
    """Refuse whoever did not prove just now to be the owner.

    Raises:
        ReauthenticationRequired: Sign in again first.
    """
    await AuthenticationService(runtime).demand_presence(actor_of(account))
