"""``/admin/keys``: the keys that sign tokens."""

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.language import N_, gettext
from app.core.late.route import LateRoute
from app.pages.console.frame import AtConsole, Here
from app.pages.console.sections import KEYS
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.services.process.paging import Pages
from app.services.server.secret_key.stolen import StolenKeyService
from app.services.server.signing_key import SigningKeyService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_ROWS = 50
_DONE = {
    "rotated": N_("The next key is announced. It signs once all know it."),
    "withdrawn": N_("New keys sign from now on. The others are withdrawn."),
}


@router.get(KEYS.path)
async def list_keys(at: AtConsole, cursor: str = "", done: str = "") -> Response:
    """List the published keys, the latest of each algorithm first."""
    here = await at.enter(KEYS)
    if isinstance(here, Response):
        return here
    return await _show(here, None, {}, cursor, done)


@router.post(f"{KEYS.path}/rotate")
async def rotate_keys(values: Posted, at: AtConsole) -> Response:
    """Announce the next key of one algorithm, or of each."""
    here = await at.enter(KEYS, permission=KEYS.act)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        await here.demand_presence()
        algorithm = values.get("algorithm") or None
        await SigningKeyService(here.runtime).rotate(algorithm)
        return here.go(KEYS.path, "rotated")

    return await submit(here, values, work, _show)


@router.post(f"{KEYS.path}/withdraw")
async def withdraw_keys(values: Posted, at: AtConsole) -> Response:
    """End the keys of one algorithm, or of each, at once: they are in wrong hands."""
    here = await at.enter(KEYS, permission=KEYS.act)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        await here.demand_presence()
        here.demand_typed(values, here.runtime.settings.public_host)  # whose they are
        algorithm = values.get("algorithm") or None
        await StolenKeyService(here.runtime).withdraw(algorithm)
        return here.go(KEYS.path, "withdrawn")

    return await submit(here, values, work, _show)


async def _show(
    here: Here,
    error: AppError | None,
    values: Values,
    cursor: str = "",
    done: str = "",
) -> Response:
    pages = Pages(here.runtime, cursor or None, _ROWS)
    key = pages.after("keys")
    async with here.runtime.unit_of_work(read_only=True) as uow:
        rows = await SigningKeyService(here.runtime).list_page(
            uow, after=key and [int(key[0]), key[1]], limit=pages.fetch
        )
    shown, following = pages.cut("keys", rows, lambda row: [str(row.sequence), row.kid])
    now = here.runtime.clock.now()
    ring, algorithms = here.runtime.ring, here.runtime.settings.signing_algorithms
    signing = set()
    for algorithm in algorithms:
        try:
            signing.add(ring.signing(algorithm, now).kid)
        except LookupError:
            continue  # the overview says so
    return here.render(
        "console/keys.html",
        error,
        keys=shown,
        signing=signing,
        now=now,
        choices=[(name, name) for name in algorithms],
        following=following,
        host=here.runtime.settings.public_host,
        wrong=by_field(error),
        labels={"typed": gettext("Host")},
        chosen=values.get("algorithm", ""),
        done=_DONE.get(done, ""),
    )
