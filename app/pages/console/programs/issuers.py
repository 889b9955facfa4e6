"""``/admin/issuers``: whose tokens of workloads are believed, and for whom."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from app.core.exceptions import AppError, NotFound
from app.core.jose import InvalidToken
from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.console.frame import AtConsole, Here
from app.pages.console.programs.change import Deed, Work, change, deed
from app.pages.console.programs.issuer_form import (
    NEW_RULE,
    PLATFORMS,
    Platform,
    labels,
    shown_issuer,
    shown_rule,
    typed_issuer,
    typed_rule,
    wrong_in_rule,
)
from app.pages.console.sections import ISSUERS
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values, judged
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.trusted_issuer import (
    NAME,
    TrustedIssuerChange,
    TrustedIssuerCreate,
)
from app.services.clients.trusted_issuer import TrustedIssuerService
from app.services.oauth.stores.assertion import preview
from app.services.process.paging import Pages

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_ROWS = 50
_NUMBER = re.compile(r"[0-9]{1,3}")
_ONE = f"{ISSUERS.path}/one/{{name}}"
_NEW = f"{ISSUERS.path}/new/{{kind}}"
_DONE = {
    "made": N_("The issuer is trusted. Test it below."),
    "saved": N_("The issuer is saved."),
    "active": N_("The issuer is enabled."),
    "disabled": N_("The issuer is disabled: its workloads get no tokens."),
    "deleted": N_("The issuer is trusted no more."),
}
_NOTHING_SEEN = {"done": "", "steps": (), "refusal": "", "good_for": None}
Text = Annotated[str, Query(max_length=2_048)]
Name = Annotated[str, Path(pattern=NAME)]
Kind = Annotated[str, Path(pattern=r"^[a-z]{1,16}$")]


@router.get(ISSUERS.path)
async def list_issuers(at: AtConsole, cursor: Text = "", done: Text = "") -> Response:
    """List trusted issuers by name."""
    here = await at.enter(ISSUERS)
    if isinstance(here, Response):
        return here
    pages = Pages(here.runtime, cursor or None, _ROWS)
    async with here.runtime.unit_of_work(read_only=True) as uow:
        after = pages.after("trusted-issuers")
        rows = await _issuers(here, uow).list_page(after=after, limit=pages.fetch)
    shown, following = pages.cut("trusted-issuers", rows, lambda row: [row.name])
    return here.render(
        "console/programs/issuers.html",
        issuers=shown,
        following=following,
        done=_DONE.get(done, ""),
    )


@router.get(f"{ISSUERS.path}/new")
async def choose_platform(at: AtConsole) -> Response:
    """Ask where the workloads run."""
    here = await at.enter(ISSUERS, shown="new", permission=ISSUERS.act)
    if isinstance(here, Response):
        return here
    return here.render(
        "console/programs/issuer_new.html", platform=None, platforms=PLATFORMS.values()
    )


@router.get(_NEW)
async def show_new_issuer(kind: Kind, at: AtConsole) -> Response:
    """Show the form for an issuer."""
    platform = _platform(kind)
    here = await at.enter(ISSUERS, shown=f"new.{kind}", permission=ISSUERS.act)
    if isinstance(here, Response):
        return here
    return _show_new(here, platform, None, platform.usual())


@router.post(_NEW)
async def create_issuer(kind: Kind, values: Posted, at: AtConsole) -> Response:
    """Trust an issuer, with a first rule."""
    platform = _platform(kind)

    async def work(here: Here, uow: UnitOfWork) -> Response:
        own = {each: values.get(each, "").strip() for each in ("name", "issuer")}
        typed = typed_issuer(values) | {"rules": [typed_rule(values)]}
        form = judged(TrustedIssuerCreate, own | typed)
        members = form.model_dump(mode="json", exclude={"name", "issuer"})
        row = await _issuers(here, uow).create(form.name, form.issuer, members)
        return here.go(_address(row.name), "made")

    async def show(here: Here, error: AppError | None, values: Values) -> Response:
        return _show_new(here, platform, error, values)

    return await change(at, ISSUERS, f"new.{kind}", values, work, show)


@router.get(_ONE)
async def show_issuer(name: Name, at: AtConsole, done: Text = "") -> Response:
    """Show an issuer and its rules."""
    here = await at.enter(ISSUERS, shown=f"one.{name}")
    if isinstance(here, Response):
        return here
    return await _show_one(here, name, None, {}, done=_DONE.get(done, ""))


@router.post(_ONE)
async def update_issuer(name: Name, values: Posted, at: AtConsole) -> Response:
    """Change what is believed of an issuer."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        return await _save(here, uow, name, typed_issuer(values), values)

    return await _change(at, name, values, work)


@router.post(f"{_ONE}/rules")
async def update_rules(name: Name, values: Posted, at: AtConsole) -> Response:
    """Add a rule, or change, move up or remove one; their order counts."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        row = await _issuers(here, uow).get(name, lock=True)
        rules = _changed(list(row.document["rules"]), values)
        return await _save(here, uow, name, {"rules": rules}, values)

    return await _change(at, name, values, work)


@router.post(f"{_ONE}/status")
async def switch_issuer(name: Name, values: Posted, at: AtConsole) -> Response:
    """Disable an issuer, or enable it again."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        status = "disabled" if values.get("status") == "disabled" else "active"
        await _issuers(here, uow).update(name, {"status": status}, None)
        return here.go(_address(name), status)

    return await _change(at, name, values, work)


@router.post(f"{_ONE}/test")
async def test_issuer(name: Name, values: Posted, at: AtConsole) -> Response:
    """Look whether its keys are found, and say step by step what was seen."""

    async def work(here: Here) -> Response:
        async with here.runtime.unit_of_work() as uow:
            told = await _issuers(here, uow).test(name)
        return await _show_one(here, name, None, {}, steps=told.steps)

    return await _deed(at, name, values, work)


@router.post(f"{_ONE}/token")
async def try_token(name: Name, values: Posted, at: AtConsole) -> Response:
    """Say what a workload's token would be good for; it is not used up."""

    async def work(here: Here) -> Response:
        token = values.get("token", "").strip()
        try:
            good_for = await preview(here.runtime, token, None, False)
        except InvalidToken as error:
            return await _show_one(here, name, None, {}, refusal=str(error))
        return await _show_one(here, name, None, {}, good_for=good_for)

    return await _deed(at, name, values, work)


@router.post(f"{_ONE}/delete")
async def delete_issuer(name: Name, values: Posted, at: AtConsole) -> Response:
    """Trust an issuer no more, once its name was typed."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        here.demand_typed(values, name)
        await _issuers(here, uow).delete(name, None)
        return here.go(ISSUERS.path, "deleted")

    return await _change(at, name, values, work)


async def _change(at: AtConsole, name: str, values: Values, work: Work) -> Response:
    async def show(here: Here, error: AppError | None, values: Values) -> Response:
        return await _show_one(here, name, error, values)

    return await change(at, ISSUERS, f"one.{name}", values, work, show)


async def _deed(at: AtConsole, name: str, values: Values, work: Deed) -> Response:
    async def show(here: Here, error: AppError | None, values: Values) -> Response:
        return await _show_one(here, name, error, {})

    return await deed(at, ISSUERS, f"one.{name}", values, work, show)


async def _save(
    here: Here, uow: UnitOfWork, name: str, typed: dict[str, Any], values: Values
) -> Response:
    form = judged(TrustedIssuerChange, typed)
    members = form.model_dump(mode="json", exclude_unset=True)
    versions = {values.get("version", "")}
    await _issuers(here, uow).update(name, members, versions)
    return here.go(_address(name), "saved")


def _changed(rules: list[Any], values: Values) -> list[Any]:
    """Return the rules after what a form asks for; one that is gone changes nothing."""
    at = _place(values, len(rules))
    if "remove" in values:
        return rules[:at] + rules[at + 1 :]
    if "up" in values:
        above = max(at - 1, 0)
        return [*rules[:above], *rules[at : at + 1], *rules[above:at], *rules[at + 1 :]]
    return [*rules[:at], typed_rule(values), *rules[at + 1 :]]


def _place(values: Values, count: int) -> int:
    """Return which rule a form is about, counted from 0; the next one for a new one."""
    text = values.get("rule", NEW_RULE)
    return min(int(text), count) if _NUMBER.fullmatch(text) else count


def _show_new(
    here: Here, platform: Platform, error: AppError | None, values: Values
) -> Response:
    wrong, others = wrong_in_rule(error, 0)
    return here.render(
        "console/programs/issuer_new.html",
        error,
        platform=platform,
        values=values,
        wrong=wrong,
        others=others,
        labels=labels(),
        audience=here.runtime.settings.public_url,
    )


async def _show_one(
    here: Here, name: str, error: AppError | None, values: Values, **seen: Any
) -> Response:
    """Return the page; ``seen`` is what was done, and what a test saw."""
    async with here.runtime.unit_of_work(read_only=True) as uow:
        row = await _issuers(here, uow).get(name)
    rules = [shown_rule(each) for each in row.document["rules"]]
    is_rule = error is not None and "rule" in values
    is_own = error is not None and "version" in values and not is_rule
    at = _place(values, len(rules)) if is_rule else -1
    wrong, others = wrong_in_rule(error, at)
    typed = [values if each == at else rule for each, rule in enumerate(rules)]
    return here.render(
        "console/programs/issuer.html",
        error,
        issuer=row,
        rules=typed,
        added=values if at == len(rules) else {},
        at=at,
        values=values if is_own else shown_issuer(row),
        wrong=wrong,
        others=others,
        labels=labels(),
        audience=here.runtime.settings.public_url,
        **(_NOTHING_SEEN | seen),
    )


def _platform(kind: str) -> Platform:
    """Return where workloads run.

    Raises:
        NotFound: There is no such platform.
    """
    try:
        return PLATFORMS[kind]
    except KeyError:
        raise NotFound(hint="no such platform") from None


def _issuers(here: Here, uow: UnitOfWork) -> TrustedIssuerService:
    return TrustedIssuerService(uow, here.runtime)


def _address(name: str) -> str:
    return f"{ISSUERS.path}/one/{name}"
