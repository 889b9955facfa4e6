"""What the console says of a directory that is read as a whole (ADR-0105)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.language import N_, Message, gettext
from app.models.upstream.sync import ConnectionSync
from app.schemas.connection import ConnectionSync as Shown
from app.services.upstreams.configuration import kind_named
from app.services.upstreams.sync.service import ConnectionSyncService

SHOWN = 10  # readings that stand on the page; the API lists those before
_OUTCOMES: Mapping[str, tuple[Message, str]] = {
    "complete": (N_("Read to its end"), "success"),
    "empty": (N_("Nobody was there"), "warning"),
    "cut_off": (N_("Cut off by the server"), "warning"),
    "changed": (N_("Stopped: the connection was changed"), "warning"),
    "failed": (N_("Not read to its end"), "danger"),
}
_REASONS: Mapping[str, Message] = {
    "unproven_address": N_("The connection is not believed about the address"),
    "needs_proof": N_("There is an account, to be proven at sign-in"),
    "address_shared": N_("Two entries have the same address"),
    "account_rule": N_("By the rule nobody like them gets an account"),
    "address_refused": N_("The address is not allowed here"),
    "no_address": N_("No email address"),
    "no_identifier": N_("No identifier of their own"),
    "not_active": N_("Not active there or here"),
    "told_twice": N_("Told of twice: next time"),
    "changed_meanwhile": N_("Changed meanwhile: next time"),
    "signed_in_meanwhile": N_("Signed in meanwhile: next time"),
}
_WHY: Mapping[str, Message] = {
    "too_many": N_(
        "Missing there: %(missing)s. Disabled there: %(disabled)s. More than may be "
        "signed out at once."
    ),
    "settings_changed": N_(
        "The settings are others than when it was read before, so that nobody is "
        "signed out for being missing."
    ),
    "cut_off": N_("The server keeps some people back. Nobody is signed out."),
    "empty": N_("It tells of nobody. Nobody is signed out."),
    "connection_changed": N_("The connection was changed while it was read."),
    "too_long": N_("It took too long."),
    "directory": N_("The directory did not tell all of it."),
    "internal": N_("Something went wrong here. The log says what."),
}
_SEEN = frozenset({"directory", "internal"})  # there is more to be seen than a word
_BY: Mapping[str, Message] = {
    "schedule": N_("The schedule"),
    "command": N_("The command line"),
    "api": N_("An administrator, by the API"),
}
_SOMEBODY = N_("An administrator")


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading of a directory, as the page shows it.

    Attributes:
        told: All that the API tells of it.
        state: How far it is, or how it ended; in words, and of what kind those are.
        by: Who asked for it.
        why: Why it ended so, or why people were kept; empty where there is no reason.
        seen: What operators may want to know besides, as it was seen.
        left_out: Why entries have no account, in words or as the API calls it, and
            of how many that is.
    """

    told: Shown
    state: tuple[str, str]
    by: str
    why: str
    seen: str
    left_out: Sequence[tuple[str, int]]


def is_directory(kind: str) -> bool:
    """Tell whether connections of a kind are read as a whole."""
    found = kind_named(kind)
    return found is not None and found.asks_password


def reading(row: ConnectionSync) -> Reading:
    """Return a reading as the page shows it."""
    told = ConnectionSyncService.shown(row)
    if told.ended_at is None:
        label, kind = N_("Under way") if told.started_at else N_("Waits to begin"), ""
    else:
        label, kind = _OUTCOMES.get(told.outcome or "", _OUTCOMES["failed"])
    reasons = sorted(told.left_out.items(), key=lambda each: -each[1])
    said = [
        (gettext(_REASONS[why]) if why in _REASONS else why, count)
        for why, count in reasons
    ]
    by = "schedule" if told.is_scheduled else told.requested_via or ""
    numbers = {"missing": told.missing, "disabled": told.disabled}
    why = gettext(_WHY[told.reason]) % numbers if told.reason else ""
    seen = told.detail if told.reason is None or told.reason in _SEEN else ""
    state = (gettext(label), kind)
    return Reading(told, state, gettext(_BY.get(by, _SOMEBODY)), why, seen, said)


def kept(readings: Sequence[Reading]) -> int:
    """Return how many people wait for somebody to say that they are really gone.

    What is open, and what did not get so far, says nothing about that.
    """
    ends = (each.told for each in readings if each.told.outcome == "complete")
    return next((told.kept for told in ends), 0)
