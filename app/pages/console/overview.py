"""``/admin``: how it goes, and what needs somebody."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Response

from app.core.language import N_, gettext, ngettext
from app.core.language.words import spoken_date, spoken_number
from app.core.late.route import LateRoute
from app.pages.console.frame import AtConsole
from app.pages.console.sections import OVERVIEW
from app.pages.look.chart import Chart, Numbers, bar_chart, counted, line_chart
from app.services.server.attention import AttentionService, Concern
from app.services.server.statistics import By, Statistics, StatisticsService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_NUMBERS = "audit:read"  # as for the API
# What it is, what to do, and where.
_SAID: Mapping[str, tuple[str, str, str]] = {
    "circuit_open": (
        N_("%(about)s does not answer"),
        N_("Calls to it wait for a while. Check that it runs and can be reached."),
        "",
    ),
    "connection_silent": (
        N_("Nobody can sign in with %(about)s"),
        N_("It does not answer. Test the connection to see where it fails."),
        "/admin/connections",
    ),
    "key_due": (
        N_("The %(about)s signing key is due for renewal"),
        N_("A worker renews it by itself. Check that one runs, or rotate it now."),
        "/admin/keys",
    ),
    "key_missing": (
        N_("There is no %(about)s signing key"),
        N_("Nothing can be signed with it. Rotate the keys to make one."),
        "/admin/keys",
    ),
    "clock_skewed": (
        N_("The clock of this machine is wrong"),
        N_("Let NTP set it: links and limits go by it."),
        "",
    ),
    "no_worker": (
        N_("No background work is done"),
        N_("Emails and keys wait. Run one process with AUTH_SERVE_JOBS switched on."),
        "/admin/settings",
    ),
    "mail_unset": (
        N_("No mail server is set"),
        N_("Emails stay in the mailbox. Set AUTH_SERVE_SMTP__URL to send them."),
        "/admin/settings",
    ),
    "webhook_off": (
        N_("A webhook fails, or was switched off"),
        N_("See what its receiver answers, and enable it again."),
        "/admin/webhooks",
    ),
}
_TO = {"mail_failed": "/admin/outbox", "mail_late": "/admin/outbox?state=pending"}


@router.get("/admin")
async def show_overview(at: AtConsole, by: str = "hour") -> Response:
    """Show how the service does, as far as the visitor may know."""
    here = await at.enter(OVERVIEW)
    if isinstance(here, Response):
        return here
    chosen: By = "day" if by == "day" else "hour"
    runtime = here.runtime
    async with runtime.unit_of_work(read_only=True) as uow:
        numbers = await StatisticsService(runtime).read_in(uow, chosen)
        attention = AttentionService(runtime)
        concerns = await attention.concerns(uow, numbers.counted_until)
    may_count = here.actor.may(_NUMBERS)
    return here.render(
        "console/overview.html",
        by=chosen,
        concerns=[_told(each) for each in concerns if here.actor.may(each.permission)],
        counted_until=numbers.counted_until,
        figures=_figures(numbers) if may_count else (),
        charts=_charts(numbers) if may_count else (),
        may_count=may_count,
    )


def _told(concern: Concern) -> dict[str, Any]:
    """Return what is said of it, and where to go."""
    if concern.kind in _SAID:
        title, text, to = _SAID[concern.kind]
        title = gettext(title) % {"about": concern.about}
        return _entry(concern, title, gettext(text), to)
    number = {"number": concern.number}
    if concern.kind == "administrators":
        title = ngettext(
            "%(number)d administrator has no second factor",
            "%(number)d administrators have no second factor",
            concern.number,
        )
        text = gettext("Ask for one, or demand it of the role.")
        return _entry(concern, title % number, text, "/admin/roles/admin")
    if concern.kind == "owners":
        title = ngettext(
            "%(number)d application has an owner who is disabled or deleted",
            "%(number)d applications have owners who are disabled or deleted",
            concern.number,
        )
        text = gettext("It runs on. Name somebody else who answers for it.")
        return _entry(concern, title % number, text, "/admin/clients?forsaken=true")
    if concern.kind == "mail_failed":
        title = ngettext(
            "%(number)d message could not be delivered",
            "%(number)d messages could not be delivered",
            concern.number,
        )
        text = gettext("See why, and try again.")
    else:
        title = ngettext(
            "%(number)d message is late", "%(number)d messages are late", concern.number
        )
        text = gettext("Check the mail server; they are tried again by themselves.")
    return _entry(concern, title % number, text, _TO[concern.kind])


def _entry(concern: Concern, title: str, text: str, to: str) -> dict[str, Any]:
    kind = "danger" if concern.is_urgent else "warning"
    return {"kind": kind, "title": title, "text": text, "to": to}


def _figures(numbers: Statistics) -> Sequence[tuple[str, str]]:
    """Return the sums; of sessions the latest number that is known."""
    spans = numbers.spans
    known = [n.active_sessions for n in spans if n.active_sessions is not None]
    found = {
        gettext("Sign-ins"): sum(n.sign_ins for n in spans),
        gettext("Failed"): sum(n.sign_in_failures for n in spans),
        gettext("New accounts"): sum(n.new_accounts for n in spans),
        gettext("Active sessions"): known[-1] if known else None,
    }
    return [(label, counted(number)) for label, number in found.items()]


def _charts(numbers: Statistics) -> Sequence[Chart]:
    is_hourly = numbers.by == "hour"
    begins = [each.begins_at for each in numbers.spans]
    labels = [f"{at:%H:00}" if is_hourly else spoken_date(at) for at in begins]
    of = gettext("Hour (UTC)") if is_hourly else gettext("Day (UTC)")

    def made(title: str, *series: tuple[str, Sequence[int | None]]) -> Numbers:
        return Numbers(title=title, of=of, labels=labels, series=series)

    items = numbers.spans
    signed_in = [each.sign_ins for each in items]
    failed = [each.sign_in_failures for each in items]
    new = [each.new_accounts for each in items]
    live = [each.active_sessions for each in items]
    most = max((each for each in live if each is not None), default=None)
    summary = gettext("%(sign_ins)s sign-ins, %(failed)s failed") % {
        "sign_ins": spoken_number(sum(signed_in)),
        "failed": spoken_number(sum(failed)),
    }
    ways = (gettext("Sign-ins"), signed_in), (gettext("Failed"), failed)
    accounts, sessions = gettext("New accounts"), gettext("Active sessions")
    return (
        line_chart(made(gettext("Sign-ins"), *ways), summary),
        bar_chart(made(accounts, (accounts, new)), f"{accounts}: {counted(sum(new))}"),
        line_chart(made(sessions, (sessions, live)), f"{sessions}: {counted(most)}"),
    )
