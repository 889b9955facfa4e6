"""``/admin/keys``: the keys that sign tokens."""

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.console.frame import AtConsole, Here
from app.pages.console.sections import KEYS
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values
from app.pages.parts.proof import submit
from app.services.process.paging import Pages
from app.services.server.signing_key import SigningKeyService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_ROWS = 50
_DONE = {"rotated": N_("The next key is announced. It signs once all know it.")}


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


async def _show(
    here: Here,
    error: AppError | None,
    _values: Values,
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
        done=_DONE.get(done, ""),
    )
