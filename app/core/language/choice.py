"""In which language people are spoken to: gettext for pages and mails (ADR-0064).

The message is the English sentence. What is said outside of a request, such as a label
in a constant, is marked with ``N_`` there, and translated when it is shown.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from app.core.context import RequestContext, current
from app.core.language.catalogue import (
    ENGLISH,
    LOCALES,
    catalogue,
    read_catalogue,
)
from app.core.language.tag import accepted, look_up

# What `app/pages/language.py` sets: the choice, and the second in which it was made.
_CHOSEN = re.compile(
    r"(?:^|;) *(?:__Host-|auth_serve_)language=([\w-]{2,35})\.(\d{1,12}) *(?:;|$)", re.A
)
_MAX_FIELD = 8_192  # characters that are looked at
_spoken: ContextVar[str] = ContextVar("language", default="")


@dataclass(frozen=True, slots=True)
class Language:
    """A language that pages and mails speak.

    Attributes:
        tag: Its name in programs (BCP 47).
        name: Its name in itself.
        direction: "ltr" or "rtl", as HTML has it.
    """

    tag: str
    name: str
    direction: str = "ltr"


class Message(str):
    """A sentence that is still to be translated: templates do it when they show it."""

    __slots__ = ()


def N_(message: str) -> Message:
    """Mark a sentence for the catalogues; it is translated where it is shown."""
    return Message(message)


def tags() -> tuple[str, ...]:
    """Return the languages that there is a catalogue of; English first."""
    return (ENGLISH, *sorted(path.stem for path in LOCALES.glob("*.mo")))


@cache
def languages() -> Mapping[str, Language]:
    """Return them by their tags, as they call themselves."""
    known = {ENGLISH: Language(ENGLISH, "English")}
    for tag in tags()[1:]:  # read and forgotten: most are never spoken
        head = read_catalogue(tag).head
        known[tag] = Language(tag, head["x-name"], head["x-direction"])
    return known


@cache
def _by_name() -> Mapping[str, str]:
    """Return the tags of languages by all that they are known by, in small letters."""
    own = tags()
    short = {tag.partition("-")[0]: tag for tag in own}  # "zh" of "zh-Hans"
    return short | {tag.lower(): tag for tag in own}


def known_language(*wanted: str | None) -> str:
    """Return the first language of those wanted that we speak; empty if none is."""
    return look_up((tag for tag in wanted if tag), _by_name())


def language() -> str:
    """Return the tag of the language to speak now."""
    return _spoken.get() or _of_request(current())


def direction() -> str:
    """Return in which direction it is written, as HTML has it."""
    spoken = catalogue(language())
    return spoken.head["x-direction"] if spoken else "ltr"


@contextmanager
def speaking(tag: str) -> Iterator[None]:
    """Speak a language, whatever the request under way asks for."""
    before = _spoken.set(tag)
    try:
        yield
    finally:
        _spoken.reset(before)


def gettext(message: str) -> str:
    """Return a sentence in the language to speak now."""
    spoken = catalogue(language())
    return (spoken.find(message) if spoken else None) or str(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form of a sentence that goes with a number."""
    spoken = catalogue(language())
    found = spoken.find_plural(singular, plural, number) if spoken else None
    return found or (singular if number == 1 else plural)


def wish(tags: Sequence[str], at: datetime) -> None:
    """Note in what language an application asks us to speak (``ui_locales``).

    Args:
        tags: The dearest first.
        at: When its request came: who chooses a language later, on a page, gets it.
    """
    context = current()
    context.ui_locales, context.wished_at = tuple(tags), at
    context.language = ""


def meet(locale: str | None) -> None:
    """Note the language of the person who is signed in at the browser."""
    context = current()
    context.locale, context.language = locale, ""


def chosen_value(tag: str, at: datetime) -> str:
    """Return what a cookie says of a choice."""
    return f"{tag}.{int(at.timestamp())}"


def _of_request(context: RequestContext) -> str:
    """Return the language of a request; it is looked for once."""
    if not context.language:
        context.language = _settled(context)
    return context.language


def _settled(context: RequestContext) -> str:
    chosen, at = _chosen(context)
    wished_at = context.wished_at
    is_newer = wished_at is not None and at >= int(wished_at.timestamp())
    dearest = chosen if is_newer else ""
    return (
        known_language(dearest, *context.ui_locales, chosen, context.locale)
        or known_language(*accepted(_field(context, b"accept-language")))
        or ENGLISH
    )


def _chosen(context: RequestContext) -> tuple[str, int]:
    """Return the language that somebody chose at this browser, and when."""
    found = _CHOSEN.search(_field(context, b"cookie"))
    return (found[1], int(found[2])) if found else ("", 0)


def _field(context: RequestContext, name: bytes) -> str:
    """Return a header field of the request; the parts of one that came in several."""
    fields = context.scope.get("headers", ())
    found = [value[:_MAX_FIELD] for field, value in fields if field == name]
    return (b"; " if name == b"cookie" else b", ").join(found[:4]).decode("latin-1")
