"""Instants and numbers, as each language writes them."""

from datetime import datetime

from app.core.language.choice import N_, gettext, ngettext

_MONTHS = (
    # Translators: months as they stand in a date: 5 January 2026.
    N_("January"),
    N_("February"),
    N_("March"),
    N_("April"),
    N_("May"),
    N_("June"),
    N_("July"),
    N_("August"),
    N_("September"),
    N_("October"),
    N_("November"),
    N_("December"),
)


def spoken_day(at: datetime) -> str:
    """Return the day of an instant in UTC."""
    # Translators: order and marks of a date; %(month)s is a name.
    sentence = gettext("%(day)s %(month)s %(year)s")
    month = gettext(_MONTHS[at.month - 1])
    return sentence % {"day": at.day, "month": month, "year": at.year}


def spoken_date(at: datetime) -> str:
    """Return day and month of an instant in UTC in figures, where there is no room."""
    # Translators: a day below a chart, as short as it is written, such as 31/01.
    return gettext("%(month)s-%(day)s") % {"month": f"{at:%m}", "day": f"{at:%d}"}


def spoken_instant(at: datetime) -> str:
    """Return an instant in UTC, which is said: pages do not know where people are."""
    # Translators: %(day)s is a whole date, %(time)s is as in 17:05.
    sentence = gettext("%(day)s, %(time)s UTC")
    return sentence % {"day": spoken_day(at), "time": f"{at:%H:%M}"}


def spoken_number(number: int) -> str:
    """Return a whole number, its thousands apart."""
    # Translators: a million; what stands between the groups is used for every number.
    million = gettext("1,000,000")
    separator = million[1 : 1 + (len(million) - 7) // 2]
    return f"{number:,}".replace(",", separator)


def spoken_wait(seconds: int | None) -> str | None:
    """Return when to come back, rounded up: whoever does is not too early."""
    if seconds is None:
        return None
    if seconds >= 2 * 3_600:
        number = -(-seconds // 3_600)
        said = ngettext(
            "Try again in %(number)s hour.", "Try again in %(number)s hours.", number
        )
    elif seconds >= 2 * 60:
        number = -(-seconds // 60)
        said = ngettext(
            "Try again in %(number)s minute.",
            "Try again in %(number)s minutes.",
            number,
        )
    else:
        number = seconds
        said = ngettext(
            "Try again in %(number)s second.",
            "Try again in %(number)s seconds.",
            number,
        )
    return said % {"number": number}
