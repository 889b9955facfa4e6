"""Languages of pages and mails: sentences are English, and catalogues translate."""

from app.core.language.catalogue import ENGLISH
from app.core.language.choice import (
    N_,
    Message,
    chosen_value,
    direction,
    gettext,
    known_language,
    language,
    languages,
    meet,
    ngettext,
    speaking,
    tags,
    wish,
)

__all__ = [
    "ENGLISH",
    "Message",
    "N_",
    "chosen_value",
    "direction",
    "gettext",
    "known_language",
    "language",
    "languages",
    "meet",
    "ngettext",
    "speaking",
    "tags",
    "wish",
]
