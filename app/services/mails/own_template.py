"""Texts of mails that an operator wrote, in place of ours.

They are templates of a sandbox: they reach the values that they are given and nothing
of the process. What would not work is refused before the first mail; what is changed
while the service runs, or works with samples alone, is left out, and ours is sent.
"""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.core.language import language, languages
from app.services.mails.kind import KINDS
from app.services.mails.part import tidy

_FORMS = ("subject.txt", "txt", "html")
_LONGEST = 998  # characters of a header line (RFC 5322 section 2.1.1)
_log = logging.getLogger("auth_serve.mail")


class OwnTemplates:
    """A folder of ``NAME.subject.txt``, ``NAME.txt`` and ``NAME.html``.

    ``NAME.LANGUAGE.txt`` and the like are for readers of one language; without a
    language, for everybody else. What is not there is ours.
    """

    def __init__(self, folder: Path) -> None:
        """Read from a folder."""
        self._folder = folder
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder),
            autoescape=lambda name: bool(name) and str(name).endswith(".html"),
            undefined=StrictUndefined,
        )

    def subject(self, name: str, values: Mapping[str, Any]) -> str:
        """Return the subject, in one line; nothing if there is none."""
        said = self._rendered(name, "subject.txt", values)
        return " ".join(said.split())[:_LONGEST]

    def text(self, name: str, values: Mapping[str, Any]) -> str:
        """Return the mail as text; nothing if there is none."""
        said = self._rendered(name, "txt", values)
        return tidy(said) if said else ""

    def html(self, name: str, values: Mapping[str, Any]) -> str:
        """Return the mail as HTML, whole; nothing if there is none."""
        return self._rendered(name, "html", values)

    def _rendered(self, name: str, form: str, values: Mapping[str, Any]) -> str:
        """Return what the first file of them says that works; nothing without one."""
        for file in (f"{name}.{language()}.{form}", f"{name}.{form}"):
            if not (self._folder / file).is_file():
                continue
            try:
                said = self._environment.get_template(file).render(dict(values))
            except Exception as error:  # whatever an expression of theirs may raise
                # What it says may quote a code or a link.
                flaw = f"line {_line_of(error, file)}: {type(error).__name__}"
            else:
                flaw = _flaw_in(said, file, values)
                if not flaw:
                    return said
            _log.error("own text left out: %s", flaw, extra={"file": file})
        return ""

    def files(self) -> list[str]:
        """Return the names of all files of the folder."""
        return sorted(path.name for path in self._folder.iterdir() if path.is_file())

    def flaw_of(self, file: str, values: Mapping[str, Any]) -> str:
        """Return why a file would not work, with the line; empty if it would.

        Args:
            file: Its name.
            values: Those of a mail of its kind.
        """
        try:
            said = self._environment.get_template(file).render(dict(values))
        except TemplateError as error:
            return f"{file}:{_line_of(error, file)}: {error.message or error}"
        except Exception as error:  # whatever an expression of theirs may raise
            return f"{file}:{_line_of(error, file)}: {type(error).__name__}: {error}"
        flaw = _flaw_in(said, file, values)
        return f"{file}:1: {flaw}" if flaw else ""


def _flaw_in(said: str, file: str, values: Mapping[str, Any]) -> str:
    """Return why nobody is sent this; empty if it does what it is for."""
    missing = [] if file.endswith("subject.txt") else list(_missing(said, values))
    return f"{missing[0]} is nowhere in it" if missing else ""


def _missing(said: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a mail of this kind has no use without."""
    for name in ("link", "not_me"):
        if values[name] and values[name] not in said.replace("&amp;", "&"):
            yield name
    if values["code"] and not values["link"] and values["code"] not in said:
        yield "code"


def kind_of(file: str) -> str:
    """Return of which kind a file is; empty if it is none that would be read."""
    name, _, rest = file.partition(".")
    told = {f"{tag}.{form}" for tag in languages() for form in _FORMS}
    return name if name in KINDS and rest in told.union(_FORMS) else ""


def _line_of(error: BaseException, file: str) -> int:
    """Return the line of a template at which something went wrong."""
    line = getattr(error, "lineno", None)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line or 1
