"""In which language people are spoken to: gettext for pages and mails (ADR-0064).

The message is the English sentence. What is said outside of a request, such as a label
in a constant, is marked with ``N_`` there, and ``gettext`` translates it when shown.
"""


def N_(message: str) -> str:  # noqa: N802 - the name that gettext's programs look for
    """Mark a sentence for the catalogues, and return it as it is."""
    return message


def gettext(message: str) -> str:
    """Return the sentence in the language of the request under way."""
    return message


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form of the sentence that goes with a number."""
    return singular if number == 1 else plural
