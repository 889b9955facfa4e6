"""What the console's forms about a connection ask, and what they make of it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

from app.core.exceptions import AppError
from app.core.language import N_, Message, gettext
from app.models.upstream.connection import Connection
from app.models.upstream.sync import MISSING_PERCENT, SYNC_EVERY
from app.pages.console.programs.lines import lines_of, unread
from app.pages.console.programs.setting_fields import (
    SettingField,
    shown_settings,
    typed_settings,
)
from app.pages.parts.form import Values
from app.pages.parts.form_page import by_field
from app.schemas.connection import ProfileField

_LABELS = {
    "name": N_("Name"),
    "display_name": N_("What people call it"),
    "account_rule": N_("Who gets an account by coming"),
    "account_domains": N_("Domains whose people get an account"),
    "trusted_domains": N_("Domains whose addresses are believed"),
    "follow.groups.claim": N_("Claim with their groups"),
    "follow.groups.groups": N_("Groups that follow it"),
    "typed": N_("Name"),
    "accept": N_("Name"),
}
_READ = {
    "sync_every": N_("Seconds from one reading of the directory to the next"),
    "sync_missing_percent": N_(
        "Percent of people who may be missing or disabled there at once"
    ),
}
_PROFILE: Mapping[ProfileField, Message] = {
    "name": N_("Name"),
    "given_name": N_("Given name"),
    "family_name": N_("Family name"),
    "locale": N_("Language"),
    "zoneinfo": N_("Time zone"),
}
RULES: Mapping[str, Message] = {
    "closed": N_("Nobody"),
    "invited": N_("Who was invited here"),
    "domain": N_("Who has an address of the domains below"),
    "anybody": N_("Anybody"),
}
_BOXES = ("trusts_factors", "signs_out")
_FOLLOW = "follow.profile."


def labels() -> dict[str, str]:
    """Return how the forms call what they ask."""
    return {name: gettext(label) for name, label in (_LABELS | _READ).items()}


def profile() -> list[tuple[str, str]]:
    """Return the fields of an account that may follow, by the name of their field."""
    return [
        (_FOLLOW + name, gettext(_PROFILE[name])) for name in get_args(ProfileField)
    ]


def usual_policy() -> dict[str, str]:
    """Return what a form has in it before anybody types."""
    names = "name", "given_name", "family_name"
    followed = {_FOLLOW + name: name for name in names}
    read = {"sync_every": SYNC_EVERY, "sync_missing_percent": MISSING_PERCENT}
    shown = {name: str(number) for name, number in read.items()}
    own = {"account_rule": "closed", "follow.groups.claim": "groups"}
    return own | followed | shown


def shown_connection(row: Connection, fields: Sequence[SettingField]) -> dict[str, str]:
    """Return what the form of a connection has in it before anybody types."""
    policy = row.policy
    groups = policy["follow"]["groups"]
    shown = {
        "display_name": row.display_name,
        "account_rule": policy["account_rule"],
        "account_domains": "\n".join(policy["account_domains"]),
        "trusted_domains": "\n".join(policy["trusted_domains"]),
        "follow.groups.claim": groups["claim"],
        "follow.groups.groups": "\n".join(
            f"{value} = {name}" for value, name in groups["groups"].items()
        ),
    }
    followed = policy["follow"]["profile"].items()
    shown |= {_FOLLOW + name: claim for name, claim in followed}
    shown |= {name: "on" for name in _BOXES if policy.get(name)}
    usual = usual_policy()
    shown |= {name: str(policy.get(name, usual[name])) for name in _READ}
    return shown | shown_settings(fields, row.settings)


def typed_policy(values: Values) -> dict[str, Any]:
    """Return what is typed about a connection, but for its settings.

    Raises:
        Unprocessable: A line cannot be read.
    """
    follow: dict[str, Any] = {
        "profile": {
            name: claim
            for name in get_args(ProfileField)
            if (claim := values.get(_FOLLOW + name, "").strip())
        },
        "groups": {"groups": _groups(values.get("follow.groups.groups", ""))},
    }
    if claim := values.get("follow.groups.claim", "").strip():
        follow["groups"]["claim"] = claim
    return {
        "display_name": values.get("display_name", "").strip(),
        "account_rule": values.get("account_rule", ""),
        "account_domains": lines_of(values.get("account_domains", "")),
        "trusted_domains": lines_of(values.get("trusted_domains", "")),
        **{name: name in values for name in _BOXES},
        **{name: _number(values[name]) for name in _READ if name in values},
        "follow": follow,
    }


def changed_settings(
    row: Connection, fields: Sequence[SettingField], values: Values
) -> dict[str, Any]:
    """Return settings if others are typed: who changes but a name has no say in them.

    Raises:
        Unprocessable: Something is no JSON.
    """
    typed = typed_settings(fields, values)
    before = typed_settings(fields, shown_settings(fields, row.settings))
    return {} if typed == before else {"settings": typed}


def _number(text: str) -> int | str:
    """Return a number, or what is typed instead, which is refused at its field."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) < 10 else text


def _groups(text: str) -> dict[str, str]:
    """Return groups by what the claim has: ``Staff = staff``, one a line."""
    found: dict[str, str] = {}
    for line in lines_of(text):
        # The last sign: a name of a directory has some, and no group here has any.
        value, sign, group = (part.strip() for part in line.rpartition("="))
        if not (value and sign and group) or value in found:
            raise unread("follow.groups.groups", line)
        found[value] = group
    return found


def wrong_in_connection(
    error: AppError | None, known: Collection[str]
) -> tuple[dict[str, str], list[str]]:
    """Return the sentence for each field, and what is wrong with the whole.

    Args:
        error: Why it is shown again.
        known: Names of the fields; what is wrong within one is said at it.
    """
    found: dict[str, str] = {}
    others: list[str] = []
    for name, said in by_field(error).items():
        while name and name not in known:
            name = name.rpartition(".")[0]
        if name:
            found.setdefault(name, said)
        else:
            others.append(said)
    return found, others
