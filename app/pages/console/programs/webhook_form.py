"""What the console's forms about a webhook have in common, and how one does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from app.core.language import N_, Message, gettext
from app.models.outgoing.webhook import Webhook
from app.pages.parts.form import Values, refused
from app.services.outgoing.payload import NAMES, is_known

Choice = TypeVar("Choice")
_LABELS = {
    "url": N_("Address"),
    "description": N_("Description"),
    "events": N_("Events"),
    "since": N_("Since"),
    "overlap": N_("The secret before"),
    "typed": N_("Address"),
}
SPANS: dict[str, tuple[timedelta, Message]] = {
    "hour": (timedelta(hours=1), N_("Of the last hour")),
    "day": (timedelta(days=1), N_("Of the last 24 hours")),
    "week": (timedelta(days=7), N_("Of the last 7 days")),
}
OVERLAPS: dict[str, tuple[int, Message]] = {
    "day": (86_400, N_("Signs beside it for a day")),
    "week": (7 * 86_400, N_("Signs beside it for a week")),
    "now": (0, N_("Ends at once")),
}


@dataclass(frozen=True, slots=True)
class State:
    """How it goes with an endpoint.

    Attributes:
        kind: Of the badge.
        text: What follows from it, for whoever has to mend it.
    """

    kind: str
    label: Message
    text: Message


_WELL = State("success", N_("Active"), N_("It is told of events as they happen."))
_FAILING = State(
    "warning",
    N_("Failing"),
    N_(
        "Its receiver did not take the latest events. They are tried again by "
        "themselves; after five days without one success it is switched off."
    ),
)
_OFF = {
    "failing": State(
        "danger",
        N_("Disabled"),
        N_(
            "Its receiver took nothing for five days. See below what it answered, mend "
            "it, and enable the webhook again."
        ),
    ),
    "gone": State(
        "danger",
        N_("Disabled"),
        N_(
            "Its receiver answered 410: it is gone for good. Enable the webhook if "
            "that was a mistake."
        ),
    ),
    "administrator": State(
        "",
        N_("Disabled"),
        N_("An administrator switched it off; it is told of nothing."),
    ),
}


def state_of(row: Webhook) -> State:
    """Return how it goes with a webhook."""
    if not row.enabled:
        return _OFF[row.disabled_reason or "administrator"]
    return _FAILING if row.failing_since else _WELL


def asked() -> dict[str, Any]:
    """Return what forms say: labels, and the events that there are."""
    return {
        "labels": {name: gettext(label) for name, label in _LABELS.items()},
        "names": sorted(NAMES),
    }


def typed(values: Values) -> dict[str, Any]:
    """Return what is typed about a webhook.

    Raises:
        Unprocessable: An event is not known here, or something is not filled in.
    """
    for name in ("url", "events"):
        if not values.get(name, "").strip():
            raise refused(name, "missing", N_("Fill in this field."))
    events = values.get("events", "").split()
    for each in events:
        if not is_known(each):
            said = gettext("There is no such event: %(name)s.") % {"name": each}
            raise refused("events", "unknown_event", said)
    return {
        "url": values.get("url", "").strip(),
        "description": values.get("description", "").strip(),
        "events": events,
    }


def chosen(
    known: Mapping[str, tuple[Choice, Message]], field: str, values: Values
) -> Choice:
    """Return what was chosen of a list.

    Raises:
        Unprocessable: It is not in the list.
    """
    try:
        return known[values.get(field, "")][0]
    except KeyError:
        said = N_("Choose one of the values.")
        raise refused(field, "unknown_value", said) from None
