"""Mails, from what was promised to what the reader sees (ADR-0067).

Nothing that a person chose gets into a mail but the address it goes to: names in mails
carry other people's advertising (T062).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.config import Settings
from app.core.language import (
    ENGLISH,
    direction,
    gettext,
    language,
    speaking,
)
from app.core.language.templating import EXTENSION, speak
from app.core.language.words import spoken_instant
from app.core.secret_key import SecretKey
from app.services.accounts.begun_at import BegunAt
from app.services.mails.kind import FACTORS, OTHER_FACTOR, Kind
from app.services.one_time.token import Purpose
from app.services.sign_in.origin import spoken_origin

if TYPE_CHECKING:
    from jinja2 import Environment

    from app.services.mails.logo import Logo
    from app.services.mails.own_template import OwnTemplates

_NOT_ME = "/not-me"
_STORED = "%Y-%m-%d %H:%M UTC"  # as events keep instants for mails


@dataclass(frozen=True, slots=True)
class Draft:
    """What a message of the outbox asks for.

    Attributes:
        name: Of its kind.
        language: In which it is written.
        begun_at: The application that somebody was on the way to, where the mail has
            no token that remembers it.
        at: When it was promised.
        not_me_id: Token of the link that says "this wasn't me", if it has one that
            works.
        not_me_until: How long it works.
        data: What the event keeps; never what somebody typed or chose.
    """

    id: UUID
    name: str
    kind: Kind
    to: str
    token_id: UUID | None
    expires_at: datetime | None
    language: str = ENGLISH
    begun_at: BegunAt | None = None
    at: datetime | None = None
    not_me_id: UUID | None = None
    not_me_until: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, ready to leave."""

    id: UUID
    to: str
    subject: str
    text: str
    html: str
    language: str = ENGLISH
    logo: "Logo | None" = None

    @property
    def page(self) -> str:
        """Its HTML for a browser, with the logo in it."""
        return self.html if self.logo is None else self.logo.shown_in(self.html)


class MailRenderer:
    """Turns drafts into mails; links and codes come into being here."""

    def __init__(self, settings: Settings, secret_key: SecretKey) -> None:
        """Write with these settings, and links under this key."""
        self._settings = settings
        self._secret_key = secret_key

    def render(self, draft: Draft, start: str = "") -> Mail:
        """Return the mail in both forms.

        Args:
            draft: What was promised.
            start: Where signing in begins at the application that somebody came from.
        """
        with speaking(draft.language):
            values = self.values(draft, start)
            own = self._own
            return Mail(
                id=draft.id,
                to=draft.to,
                subject=self._subject(draft.name, values),
                text=(own and own.text(draft.name, values))
                or self._written("txt", draft.name, values),
                html=(own and own.html(draft.name, values))
                or self._written("html", draft.name, values),
                language=draft.language,
                logo=self._logo,
            )

    def subject(self, draft: Draft) -> str:
        """Return only the subject."""
        with speaking(draft.language):
            return self._subject(draft.name, self.values(draft))

    def _subject(self, name: str, values: Mapping[str, Any]) -> str:
        own = self._own
        return str((own and own.subject(name, values)) or values["subject"])

    @cached_property
    def _own(self) -> "OwnTemplates | None":
        """The operator's texts, if there are any."""
        folder = self._settings.mail_templates
        if folder is None:
            return None
        # Here: the sandbox is for those who have texts of their own.
        from app.services.mails.own_template import OwnTemplates

        return OwnTemplates(folder)

    @cached_property
    def _logo(self) -> "Logo | None":
        theme = self._settings.theme
        if theme.logo is None and theme.mail_logo is None:
            return None
        # Here: most have none.
        from app.services.mails.logo import read_logo

        return read_logo(theme, self._settings.public_url)

    @cached_property
    def _environments(self) -> Mapping[str, "Environment"]:
        return {"txt": _environment(escapes=False), "html": _environment(escapes=True)}

    def _written(self, form: str, name: str, values: Mapping[str, Any]) -> str:
        """Return one form of a mail: its parts, and what stands around them."""
        # Here: it is two megabytes until there is a mail to write.
        from markupsafe import Markup

        from app.services.mails.part import HtmlParts, TextParts, colours_of, tidy

        environment = self._environments[form]
        colours = colours_of(self._settings.theme)
        parts = HtmlParts(colours) if form == "html" else TextParts()
        around = {**values, "parts": parts, "colours": colours}
        body = environment.get_template(f"{name}.jinja").render(around)
        if form == "html":
            body = Markup(body)  # noqa: S704 - made by a template that escapes
        page = environment.get_template(f"_layout.{form}").render(around, body=body)
        return page if form == "html" else tidy(page)

    def values(self, draft: Draft, start: str = "") -> dict[str, Any]:
        """Return what templates may say; docs/mails.md has the list."""
        return {
            **told(draft),
            "subject": subject_of(draft),
            "sender": self._settings.service_name,
            "logo": self._logo.address if self._logo else "",
            "site": self._settings.public_url,
            "lang": language(),
            "dir": direction(),
            "until": _instant(draft.expires_at),
            "link": self._link(draft),
            "code": self._code(draft),
            "start": start,
            "not_me": self._not_me(draft),
            "not_me_until": _instant(draft.not_me_until),
            "at": _instant(draft.at),
        }

    def _link(self, draft: Draft) -> str:
        purpose, path = draft.kind.purpose, draft.kind.path
        if purpose is None or not path or draft.token_id is None:
            return ""
        token = self._secret_key.one_time_token(purpose, draft.token_id)
        return f"{self._settings.public_url}{path}?token={token}"

    def _not_me(self, draft: Draft) -> str:
        if draft.not_me_id is None:
            return ""
        token = self._secret_key.one_time_token(Purpose.NOT_ME, draft.not_me_id)
        return f"{self._settings.public_url}{_NOT_ME}?token={token}"

    def _code(self, draft: Draft) -> str:
        purpose = draft.kind.purpose
        if not draft.kind.has_code or purpose is None or draft.token_id is None:
            return ""
        return self._secret_key.one_time_code(purpose, draft.token_id)


def subject_of(draft: Draft) -> str:
    """Return the subject, in the language to speak now."""
    about = draft.kind.about.get(str(draft.data.get("factor")))
    return gettext(about or draft.kind.subject)


def told(draft: Draft) -> dict[str, Any]:
    """Return what the event tells, in words of the language to speak now."""
    said = {name: draft.data[name] for name in draft.kind.told}
    if "factor" in said:
        said["factor"] = gettext(FACTORS.get(said["factor"], OTHER_FACTOR))
    if "frozen_until" in said:
        until = datetime.strptime(said["frozen_until"], _STORED)
        said["frozen_until"] = spoken_instant(until.replace(tzinfo=UTC))
    for name in ("browser", "place"):
        if name in said:
            said[name] = spoken_origin(said[name])
    return said


def _instant(instant: datetime | None) -> str:
    return spoken_instant(instant) if instant else ""


def _environment(*, escapes: bool) -> "Environment":
    """Return the templates; an undefined name in one is an error, not a gap."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - text is not escaped, HTML is
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=escapes,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[EXTENSION],
    )
    speak(environment)
    return environment
