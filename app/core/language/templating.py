"""Templates that speak the language of their reader."""

from typing import Any

from app.core.language.choice import gettext, ngettext

EXTENSION = "jinja2.ext.i18n"


def speak(environment: Any) -> None:
    """Give templates ``_`` and ``ngettext``.

    What stands in for ``%(name)s`` is escaped where templates escape; the sentence
    itself is ours ("newstyle").

    Args:
        environment: A ``jinja2.Environment`` with ``EXTENSION``, which gives it a
            method that its class does not declare.
    """
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)
