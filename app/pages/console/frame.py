"""What all pages of the console share: who is in, what they may, the way around.

The rules are those of the API: a permission counts in a session as it was proven, is
asked of the database each time, and a section that somebody may not see is not there
for them. What cannot be undone wants a sign-in of just now, or the name typed.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.core.context import current
from app.core.exceptions import AppError, Forbidden
from app.core.language import gettext
from app.pages.console.assets import CSP, sources
from app.pages.console.sections import AUDIT, Section, open_to
from app.pages.parts.browser import AtBrowser, actor_of, render_form
from app.pages.parts.dependencies import State
from app.pages.parts.flow import go_on, with_section
from app.pages.parts.form import Values, refused
from app.pages.parts.form_page import note
from app.pages.parts.proof import lead_to_proof
from app.policies.permission import Actor, covers
from app.services.server.runtime import Runtime
from app.services.sessions.authentication import AuthenticationService, Rights
from app.services.sessions.errors import ReauthenticationRequired
from app.services.sign_in.browser_session import Browser, BrowserAccount


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody at a page of the console, who may see it.

    Attributes:
        actor: With every permission that counts in this session.
        place: Where a sign-in leads back to, as ``Section.place`` has it.
    """

    section: Section
    place: str
    browser: Browser
    account: BrowserAccount
    actor: Actor
    runtime: Runtime

    def render(
        self, template: str, error: AppError | None = None, **values: Any
    ) -> Response:
        """Return the page in the frame.

        Args:
            template: Extends ``console/base.html``; gets ``nonce`` for ``hx-nonce``.
            error: Why it is shown again.
            **values: What the template is about. ``done`` names what was done before.
        """
        nonce = self.runtime.randomness.token()
        return render_form(
            template,
            self.browser,
            self.runtime,
            error=error,
            headers={"Content-Security-Policy": CSP.format(nonce=nonce)},
            account=self.account,
            section=self.section,
            is_below=not current().scope["path"].endswith(self.section.path),
            sections=open_to(self.actor),
            navigation=[
                (each.icon, gettext(each.label), each.path, each == self.section, "")
                for each in open_to(self.actor)
            ],
            may=self.actor.may,
            nonce=nonce,
            sources=sources(),
            **values,
        )

    def refuse(self, error: AppError, **values: Any) -> Response:
        """Return a refusal in the frame: whoever is in has the way around it."""
        page = self.render("console/refused.html", error, **values)
        page.headers.update(error.headers or {})
        return page

    def go(self, path: str, done: str = "") -> Response:
        """Lead on after a form; ``done`` is what the page there says was done."""
        return go_on(f"{path}?done={done}" if done else path)

    async def demand_presence(self) -> None:
        """Refuse who did not sign in just now, as strongly as they can.

        Raises:
            ReauthenticationRequired: ``submit`` leads them there and back.
        """
        await AuthenticationService(self.runtime).demand_presence(self.actor)

    def demand_typed(self, values: Values, expected: str, field: str = "typed") -> None:
        """Refuse what was not confirmed by typing what it is about.

        Raises:
            Unprocessable: Something else was typed, or nothing.
        """
        if values.get(field, "").strip().casefold() != expected.casefold():
            said = gettext("Type %(expected)s to confirm.") % {"expected": expected}
            raise refused(field, "not_confirmed", said)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request to a page of the console, by whomever."""

    request: Request
    browser: Browser
    runtime: Runtime

    async def enter(
        self,
        section: Section,
        *,
        shown: str = "",
        permission: str = "",
        fresh: bool = False,
    ) -> Here | Response:
        """Return who is here, or the answer that leads them to signing in.

        Args:
            section: Which part of the console.
            shown: What of it, as the address goes on: ``/admin/<section>/<shown>``.
            permission: What is needed besides seeing the section.
            fresh: Whether it takes a sign-in of just now.

        Raises:
            Forbidden: No role of theirs allows it.
        """
        place = section.place(shown)
        account = self.browser.current
        if account is None:
            return self._lead(go_on(with_section("/signin", place)))
        current().user_id = account.user_id
        rights = await AuthenticationService(self.runtime).rights_of(actor_of(account))
        self.request.state.may_trace = rights.actor.may(AUDIT.permission)
        here = Here(section, place, self.browser, account, rights.actor, self.runtime)
        if open_to(rights.actor):
            self.request.state.refuse = here.refuse
        wanted = [name for name in (section.permission, permission) if name]
        if not _suffice(rights.actor.permissions, wanted):
            self._refuse(rights, wanted)
            return await self._prove(place, account)
        if fresh:
            try:
                await here.demand_presence()
            except ReauthenticationRequired as error:
                note(error)
                return await self._prove(place, account)
        return here

    @staticmethod
    def _refuse(rights: Rights, wanted: list[str]) -> None:
        """Refuse unless a second factor is all that is missing."""
        if not _suffice(rights.with_two_factors, wanted):
            raise Forbidden(hint=f"{', '.join(wanted) or 'every permission'}: missing")

    async def _prove(self, place: str, account: BrowserAccount) -> Response:
        return self._lead(await lead_to_proof(place, account, self.runtime))

    def _lead(self, answer: Response) -> Response:
        """Lead the browser there; htmx would put the page into the middle of ours."""
        if "hx-request" in self.request.headers and "location" in answer.headers:
            answer.headers["HX-Redirect"] = answer.headers["location"]
            del answer.headers["location"]
            answer.status_code = 204
        return answer


def _suffice(held: frozenset[str], wanted: list[str]) -> bool:
    """Tell whether permissions are enough; where none is wanted, any is."""
    return covers(held, wanted) if wanted else bool(held)


async def _visit(request: Request, browser: AtBrowser, runtime: State) -> Visit:
    return Visit(request, browser, runtime)


AtConsole = Annotated[Visit, Depends(_visit)]
