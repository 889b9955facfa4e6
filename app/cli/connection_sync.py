"""``connection sync``: a directory is read as a whole, here and now."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.base import AsJson, Exit, fail, show, with_runtime
from app.cli.options import ShowProgress, option

if TYPE_CHECKING:
    from app.models.upstream.sync import ConnectionSync
    from app.services.server.runtime import Runtime
    from app.services.upstreams.sync.state import Counts

Name = Annotated[str, typer.Argument(help="Name of the connection")]
DryRun = Annotated[
    bool, option("Only tell what would become of everybody", "--dry-run")
]
AcceptMissing = Annotated[
    bool,
    option(
        "Withdraw linked people who are missing or disabled there, however many",
        "--accept-missing",
    ),
]
_HIDDEN = ("id", "is_scheduled", "requested_at", "started_at", "ended_at")


def sync(
    name: Name,
    dry_run: DryRun = False,
    accept_missing: AcceptMissing = False,
    progress: ShowProgress = None,
    as_json: AsJson = False,
) -> None:
    """Read a directory: make, follow and withdraw accounts by its connection's rules.

    Nobody gets a mail. It ends with an error where it was not read to its end, or
    where people are missing or disabled and were kept. One that was broken off is
    begun anew.

    JSON: `ConnectionSync`.
    """
    from app.cli.progress import Progress

    async def work(runtime: "Runtime") -> dict[str, Any]:
        from app.services.upstreams.sync.service import ConnectionSyncService

        now = runtime.clock.monotonic
        shown = Progress(None, now, wanted=progress, as_json=as_json)

        def told(counts: "Counts") -> None:
            shown.reach(counts.entries)

        row = await _opened(runtime, name, dry_run, accept_missing)
        from app.services.upstreams.sync.run import SyncRunner

        way = await runtime.connections.find(name)
        if way is None:
            fail(f"{name} cannot be used as it is stored")
        runner = SyncRunner(runtime, runtime.connections)
        ended = await runner.take(row, way, told)
        shown.end()
        if ended is None:
            fail("another process goes on with it, or the connection is gone")
        return ConnectionSyncService.shown(ended).model_dump(mode="json")

    found = with_runtime(work)
    people = {name: value for name, value in found.items() if name not in _HIDDEN}
    show(found if as_json else people, as_json)
    if found["outcome"] != "complete" or found["kept"]:
        raise SystemExit(int(Exit.REFUSED))


async def _opened(
    runtime: "Runtime", name: str, dry_run: bool, accept_missing: bool
) -> "ConnectionSync":
    """Return a reading that this process may go through, new or left by a dead one."""
    from app.services.upstreams.connection import ConnectionService
    from app.services.upstreams.errors import SyncRunning
    from app.services.upstreams.sync.service import ConnectionSyncService

    async with runtime.unit_of_work(read_only=True) as uow:
        connections = ConnectionService(uow, runtime, runtime.connections.forget)
        connection_id = (await connections.named(name)).id
    try:
        async with runtime.unit_of_work() as uow:
            return await ConnectionSyncService(uow).request(
                connection_id,
                "command",
                dry_run=dry_run,
                accept_missing=accept_missing,
                is_held=True,
            )
    except SyncRunning as error:
        refusal = error
    async with runtime.unit_of_work(read_only=True) as uow:
        row = await uow.connection_syncs.open_of(connection_id)
    asked = (dry_run, accept_missing)
    is_free = row is not None and row.lease_until <= runtime.clock.now()
    if row is None or not is_free or (row.dry_run, row.accept_missing) != asked:
        raise refusal
    return row
