"""A page with forms: shown, sent, and shown again with what was wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fastapi.responses import HTMLResponse

from app.core.context import refused
from app.core.exceptions import AppError, TooManyRequests
from app.core.language import N_, Message
from app.pages.parts import texts
from app.pages.parts.asked import AskingApplication
from app.pages.parts.csrf import CSRF
from app.pages.parts.flow import FLOW, TO, WAY, page_headers
from app.pages.parts.form import Values
from app.pages.parts.refusal_texts import complaint
from app.pages.parts.render import LEAVING, allow_script, render
from app.pages.parts.script import CHALLENGE_SOURCE, PASSWORD_SOURCE, passkey_source

USERNAME = "username"  # name of the field that tells password managers whose it is


@dataclass(frozen=True, slots=True)
class Field:
    """An input; names and autocomplete are those that password managers know.

    Attributes:
        hint: Said before anything is typed; ``{minimum}`` is the length of passwords.
    """

    name: str
    label: Message
    type: str
    autocomplete: str
    required: bool = True
    hint: Message | None = None

    @property
    def echoed(self) -> bool:
        """Tell whether it is filled in again after a refusal; passwords never are."""
        return self.type != "password"


NAME = Field("name", N_("Name (optional)"), "text", "name", required=False)
EMAIL = Field("email", N_("Email"), "email", "username webauthn")
CODE = Field(
    "code", N_("Code from the email"), "text", "one-time-code", hint=N_("8 digits.")
)
CURRENT_PASSWORD = Field("password", N_("Password"), "password", "current-password")
NEW_PASSWORD = Field(
    "password",
    N_("New password"),
    "password",
    "new-password",
    hint=N_(
        "At least {minimum} characters. Not a common password, nor your own name or "
        "email address. A few random words work well."
    ),
)
# Of an account that has none yet.
PASSWORD = replace(NEW_PASSWORD, label=N_("Password"))


@dataclass(frozen=True, slots=True)
class Form:
    """One form with one button.

    Attributes:
        button: What it does.
        fields: What is typed.
        by_link: The form carries the token of the link and is shown with one; the
            others are shown to whoever came without.
    """

    button: Message
    fields: tuple[Field, ...] = ()
    by_link: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """Where else to go from a page; words alone where there is no address."""

    text: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """A form of a button alone, which leads to another site.

    Attributes:
        kind: Of the service there: whose mark the button has.
    """

    path: str
    text: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stands around the forms of a page.

    Attributes:
        flow: What waits for the end of it, see ``flow.py``.
        section: The page of the account that somebody signs in for.
        way: How somebody wants to sign in, whatever leads them.
        csrf: Token of the forms, for pages that act for a browser.
        notice: What has to be known before anything is typed.
        links: Where else to go.
        application: For which the person acts; the page names it, and shows its
            picture and links.
        username: Whose password a form sets, for password managers.
        minimum: Least length of a new password.
        passkey: Address of the site where a passkey may be used instead of the forms;
            empty where none may.
        first: Where to go rather than type anything.
        forgot: Where to go without the password that a form asks for.
        ways: Other ways to the same end.
        buttons: Forms that lead to where somebody is known already.
        leaves: Whether another form of the page may lead there too.
        developers: Where those look who develop against the service.
        nonce: Lets the script of passkeys run; it is not in the page itself.
        carried: What the forms say besides, by its name.
    """

    flow: str = ""
    section: str = ""
    way: str = ""
    csrf: str = ""
    notice: str = ""
    links: Sequence[Link] = ()
    application: AskingApplication | None = None
    username: str = ""
    minimum: int = 0
    passkey: str = ""
    forgot: Link | None = None
    ways: Sequence[Link] = ()
    buttons: Sequence[Button] = ()
    leaves: bool = False
    developers: Sequence[Link] = ()
    first: Sequence[Link] = ()
    nonce: str = ""
    carried: Mapping[str, str] = field(default_factory=dict)

    @property
    def hidden(self) -> dict[str, str]:
        """Return what every form of the page carries unseen."""
        return {
            CSRF: self.csrf,
            FLOW: self.flow,
            TO: self.section,
            WAY: self.way,
            **self.carried,
        }


@dataclass(frozen=True, slots=True)
class FormPage:
    """A page whose forms post to the address of the page itself.

    Attributes:
        path: That address.
        title: Heading of the page.
        intro: One sentence below it.
        forms: Usually one.
        closed: Instead of the intro where no form can be shown: how to get a link.
    """

    path: str
    title: Message
    intro: Message | None = None
    forms: tuple[Form, ...] = ()
    closed: Message | None = None

    @property
    def has_password(self) -> bool:
        """Tell whether a password is typed in one of its forms."""
        fields = (each for form in self.forms for each in form.fields)
        return any(each.type == "password" for each in fields)

    def show(
        self,
        values: Values,
        error: AppError | None = None,
        around: Around = Around(),  # noqa: B008 - frozen
    ) -> HTMLResponse:
        """Return the page.

        Args:
            values: What was typed before, and the token.
            error: Why it is shown again.
            around: What stands around the forms.
        """
        is_by_link = bool(values.get("token"))
        forms = [form for form in self.forms if form.by_link == is_by_link]
        fields = [each for form in forms for each in form.fields]
        has_password = any(each.type == "password" for each in fields)
        headers = page_headers(around.flow) | (error.headers if error else {})
        if around.buttons or around.leaves:
            headers = LEAVING | headers
        if around.passkey:
            headers = allow_script(headers, passkey_source(around.nonce))
        if has_password:
            headers = allow_script(headers, PASSWORD_SOURCE)
        challenge = error.challenge if isinstance(error, TooManyRequests) else None
        if challenge:
            headers = allow_script(headers, CHALLENGE_SOURCE)
        return render(
            "form.html",
            status=error.status if error else 200,
            headers=headers,
            challenge=challenge,
            working=texts.WORKING,
            page=self,
            intro=(self.intro if forms else self.closed) or "",
            forms=forms,
            values=values,
            error=error,
            wrong=by_field(error),
            labels={each.name: each.label for each in fields},
            focus="" if error else _first_empty(fields, values),
            hidden=around.hidden,
            has_password=has_password,
            around=around,
            application=around.application,
            links=around.links,
            developers=around.developers,
        )


def note(error: AppError) -> None:
    """Give the log the true reason of a refusal that a form shows."""
    refused(error.code, error.hint, error)


def _first_empty(fields: Sequence[Field], values: Values) -> str:
    """Return the field that is typed into first."""
    empty = (
        each.name for each in fields if not (each.echoed and values.get(each.name))
    )
    return next(empty, "")


def by_field(refusal: AppError | None) -> dict[str, str]:
    """Return the sentence for each input; services say ``new_password`` for one."""
    found: dict[str, str] = {}
    for error in refusal.errors if refusal else ():
        name = str(error["field"]).removeprefix("new_")
        said = complaint(name, str(error["code"]), error["message"])
        found.setdefault(name, said)
    return found
