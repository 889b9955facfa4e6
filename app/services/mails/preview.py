"""Every mail as somebody would get it, with links and codes that open nothing."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from app.config import Settings
from app.core.clock import Clock
from app.core.language import ENGLISH, languages
from app.core.secret_key import SecretKey
from app.services.mails.kind import KINDS, SAMPLES
from app.services.mails.mail import Draft, Mail, MailRenderer
from app.services.process.process import Process

_NOBODY = UUID(int=0)  # no token has this id


class MailPreviewService:
    """Shows mails without anybody to send them to."""

    def __init__(self, settings: Settings, secret_key: SecretKey, clock: Clock) -> None:
        """Write as the mail job does, with nothing that a start would make."""
        self._clock = clock
        self._renderer = MailRenderer(settings, secret_key)

    @classmethod
    def of(cls, process: Process) -> Self:
        """Write as the mail job of this process does."""
        return cls(process.settings, process.secret_key, process.clock)

    def names(self) -> tuple[str, ...]:
        """Return every kind of mail."""
        return tuple(sorted(KINDS))

    def show(self, name: str, language: str = ENGLISH) -> Mail:
        """Return a mail.

        Raises:
            KeyError: There is no such kind.
        """
        return self._renderer.render(self._sample(name, language))

    def subject(self, name: str, language: str = ENGLISH) -> str:
        """Return how a mail is called, without writing it."""
        return self._renderer.subject(self._sample(name, language))

    def flaws(self, folder: Path) -> Iterator[str]:
        """Yield what would not work in a folder of an operator's texts, a line each."""
        # Here: the sandbox is for those who have texts of their own.
        from app.services.mails.own_template import OwnTemplates, kind_of

        own = OwnTemplates(folder)
        for file in own.files():
            name = kind_of(file)
            if not name:
                yield f"{file}:1: there is no such mail, language or form"
            elif flaw := own.flaw_of(file, self.values(name)):
                yield flaw

    def values(self, name: str) -> dict[str, Any]:
        """Return what a text of a mail may say, by its names."""
        return self._renderer.values(self._sample(name))

    def _sample(self, name: str, language: str = ENGLISH) -> Draft:
        if language not in languages():
            raise KeyError(language)
        kind, now = KINDS[name], self._clock.now()
        later = now + timedelta(days=1)
        return Draft(
            id=_NOBODY,
            name=name,
            kind=kind,
            to="ada@example.com",
            token_id=_NOBODY if kind.purpose else None,
            expires_at=later,
            language=language,
            at=now,
            not_me_id=_NOBODY if kind.says_not_me else None,
            not_me_until=later,
            data=SAMPLES,
        )
