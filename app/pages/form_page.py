"""A page with a form: shown, sent, and shown again with what was wrong."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from fastapi import Response
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.context import current
from app.core.exceptions import AppError, FieldError
from app.pages.asked import AskingApplication, purpose_of
from app.pages.csrf import CSRF
from app.pages.flow import FLOW, go_on, page_headers
from app.pages.form import Values
from app.pages.render import render

Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Field:
    """An input; names and autocomplete are those that password managers know."""

    name: str
    label: str
    type: str
    autocomplete: str
    required: bool = True
    hint: str = ""

    @property
    def echoed(self) -> bool:
        """Tell whether it is filled in again after a refusal; passwords never are."""
        return self.type != "password"


NAME = Field("name", "Your name", "text", "name", required=False, hint="Optional.")
EMAIL = Field("email", "Email address", "email", "username webauthn")
CODE = Field("code", "Code from the mail", "text", "one-time-code")
CURRENT_PASSWORD = Field("password", "Password", "password", "current-password")
NEW_PASSWORD = Field(
    "password",
    "New password",
    "password",
    "new-password",
    hint="A few words that nobody would guess are better than strange characters.",
)


@dataclass(frozen=True, slots=True)
class Form:
    """One form with one button.

    Attributes:
        button: What it does.
        fields: What is typed.
        by_link: The form carries the token of the link and is shown with one; the
            others are shown to whoever came without.
    """

    button: str
    fields: tuple[Field, ...] = ()
    by_link: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """Where else to go from a page."""

    text: str
    to: str


@dataclass(frozen=True, slots=True)
class FormPage:
    """A page whose forms post to the address of the page itself.

    Attributes:
        path: That address.
        title: Heading of the page.
        intro: One sentence below it.
        forms: Usually one.
        done: Key of the text that is shown afterwards, see ``home.py``; pages that
            lead somewhere else have none.
        closed: Instead of the intro where no form can be shown: how to get a link.
    """

    path: str
    title: str
    intro: str
    forms: tuple[Form, ...]
    done: str = ""
    closed: str = ""

    def show(
        self,
        values: Values,
        error: AppError | None = None,
        *,
        flow: str = "",
        csrf: str = "",
        links: Sequence[Link] = (),
        application: AskingApplication | None = None,
    ) -> HTMLResponse:
        """Return the page.

        Args:
            values: What was typed before, and the token.
            error: Why it is shown again.
            flow: What waits for the end of it, see ``flow.py``.
            csrf: Token of the forms, for pages that act for a browser.
            links: Where else to go.
            application: For which the person acts; the page says so instead of its
                intro, and shows its picture and links.
        """
        is_by_link = bool(values.get("token"))
        forms = [form for form in self.forms if form.by_link == is_by_link]
        intro = purpose_of(application) or self.intro
        return render(
            "form.html",
            status=error.status if error else 200,
            headers=page_headers(flow) | (error.headers if error else {}),
            page=self,
            intro=intro if forms else self.closed,
            values=values,
            error=error,
            field_errors=_by_field(error.errors if error else []),
            forms=forms,
            hidden={CSRF: csrf, FLOW: flow},
            links=links,
            application=application,
        )

    async def submit(
        self, db: AsyncSession, values: Values, work: Work, *, flow: str = ""
    ) -> Response:
        """Do the work, and lead to the result or show the form again.

        What a refused attempt wrote is taken back, as for the API; what had to be
        remembered was committed before it was refused.

        Args:
            db: The request's transaction.
            values: What was posted.
            work: What the form asks for.
            flow: What waits for the end of it, see ``flow.py``.
        """
        try:
            await work()
        except AppError as error:
            await db.rollback()
            note(error)
            return self.show(values, error, flow=flow)
        return go_on(f"/done/{self.done}", flow)


def note(error: AppError) -> None:
    """Give the log the true reason of a refusal that a form shows."""
    current().reason = f"{error.code}: {error.hint}" if error.hint else error.code


def _by_field(errors: list[FieldError]) -> dict[str, str]:
    """Return the message for each input; services say ``new_password`` for one."""
    found: dict[str, str] = {}
    for error in errors:
        name = str(error["field"]).removeprefix("new_")
        found.setdefault(name, str(error["message"]))
    return found
