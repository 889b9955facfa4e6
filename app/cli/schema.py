"""``schema``: what an upgrade will do, and a rehearsal of it on a copy."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from app.cli.base import (
    AsJson,
    Exit,
    Yes,
    confirm,
    fail,
    note,
    on_database,
    show,
    show_rows,
)
from app.cli.options import ShowProgress

if TYPE_CHECKING:
    from app.services.server.runtime import Runtime
    from app.services.server.upgrade.backfill import Done
    from app.services.server.upgrade.downgrade import WayBack
    from app.services.server.upgrade.plan import Plan
    from app.services.server.upgrade.rehearsal import Measured, Rehearsal

app = typer.Typer(help="The schema of the database, and upgrades of it.")
Result = TypeVar("Result")


@app.callback()
def _group() -> None:
    """The schema of the database, and upgrades of it."""


@app.command()
def plan(as_json: AsJson = False) -> None:
    """Say what an upgrade to this release will do, step by step. Nothing is changed.

    JSON: `engine`, `revision` of the database, `target`, the releases of both (`from`,
    in words, and `to`), `beside` (whether the release of now keeps running), and
    `steps`, each with `revision`, `title`, `kinds` (`expand`, `backfill`, `contract`),
    `beside`, `runs_from` (the first schema whose release runs beside it, or null),
    `seconds` (estimated), `backfills` (tables), `after_backfill` (revisions),
    `statements`, and `locks`: `table`, `mode`, `keeps_out`, `rows` (estimated on
    PostgreSQL), `seconds` until its transaction ends.
    `due` has what `schema backfill` will have to do: `revision`, `table`, `rows`,
    `needed_by` (a revision).
    """
    from app.services.server.upgrade.plan import plan_of

    async def work(runtime: "Runtime") -> "Plan":
        return await plan_of(runtime.database)

    found = _refusing(lambda: on_database(work))
    show(_members(found), as_json, lines=_lines(found))


@app.command()
def rehearse(as_json: AsJson = False) -> None:
    """Upgrade a copy of the database, and say what each step took. Drops the copy.

    The copy is made by SQLite's backup, by `pg_dump`, or, while nobody is connected, by
    `CREATE DATABASE ... TEMPLATE`; the role has to be one that may make databases.

    JSON: `engine`, `revision`, `target`, `copied_by`, `copying` (seconds), `seconds`,
    and `steps`, each with `revision`, `title`, `seconds`, `estimated` (seconds), and
    `locks`: `table`, `mode`, `keeps_out`, `seconds`.
    """
    from app.services.server.upgrade.rehearsal import rehearse as run

    async def work(runtime: "Runtime") -> "Rehearsal":
        return await run(runtime, note)

    found = _refusing(lambda: on_database(work))
    show(_measured(found), as_json, lines=_times(found))


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Bring the schema up to this release; a second one waits for the first.

    JSON: `before` and `revision`, of the database.
    """
    from app.repositories.schema import SCHEMA_REVISION, SchemaRepository
    from app.services.server.schema import upgrade as run

    async def work(runtime: "Runtime") -> str | None:
        before = await SchemaRepository(runtime.database).revision()
        await run(runtime.settings)
        return before

    before = _refusing(lambda: on_database(work))
    told = {"before": before, "revision": SCHEMA_REVISION}
    show(told, as_json, lines=[f"schema {before or 'none'}, now {SCHEMA_REVISION}"])


@app.command()
def downgrade(
    revision: Annotated[
        str, typer.Argument(help="Of the release before, as its log says it needs.")
    ],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Bring the schema back to that of a release before, by this release's files.

    Says first what is lost, counted. Refused while a process serves. The release before
    runs on the schema of this one: going back is possible without.

    JSON: `before` and `revision`, of the database, and `taken`, an array of `table`,
    `column` (null: the table, or rows of it), `whole` (false: only such rows), `rows`.
    """
    from app.services.server.upgrade.downgrade import downgrade as run
    from app.services.server.upgrade.downgrade import way_back

    async def look(runtime: "Runtime") -> "WayBack":
        return await way_back(runtime, revision)

    async def work(runtime: "Runtime") -> None:
        await run(runtime, revision)

    found = _refusing(lambda: on_database(look))
    for line in _lost(found):
        note(line)
    what = f"bring schema {found.revision} back to {found.target}"
    confirm(f"{what}, and lose {found.rows:,} rows and values", yes)
    _refusing(lambda: on_database(work))
    names = ("table", "column", "whole", "rows")
    taken = [{name: getattr(each, name) for name in names} for each in found.taken]
    told = {"before": found.revision, "revision": found.target, "taken": taken}
    lines = [f"schema {found.revision}, now {found.target}"]
    show(told, as_json, lines=lines)


@app.command()
def backfill(
    share: Annotated[
        int, typer.Option(min=1, max=100, help="Per cent of the time that it takes.")
    ] = 50,
    as_json: AsJson = False,
    progress: ShowProgress = None,
) -> None:
    """Do what migrations left to be done, while the service runs.

    One process at a time. Stopped half-way, or killed, it is begun again by the same
    line, which passes over what is done.

    JSON: an array of `revision`, `table`, `changed` (rows).
    """
    from app.cli.progress import Progress
    from app.services.process.batches import Pace
    from app.services.server.upgrade.backfill import BackfillRefused, BackfillService

    async def work(runtime: "Runtime") -> "Sequence[Done]":
        service, now = BackfillService(runtime), runtime.clock.monotonic
        due = await service.due()
        rows = sum(each.rows for each in due)
        shown = Progress(rows, now, wanted=progress, as_json=as_json)
        return await service.run(due, Pace(share / 100), shown.step)

    try:
        done = _refusing(lambda: on_database(work))
    except BackfillRefused as refusal:
        fail(str(refusal))
    names = ("revision", "table", "changed")
    rows = [{name: getattr(each, name) for name in names} for each in done]
    show_rows(rows, names, as_json)
    if not done:
        note("no backfill is due")


def _refusing(work: Callable[[], Result]) -> Result:
    """Do the work; end with one line where the database does not allow it."""
    from app.repositories.upgrade.database_copy import CopyRefused
    from app.services.server.schema import SchemaMismatch
    from app.services.server.upgrade.downgrade import DowngradeRefused

    try:
        return work()
    except SchemaMismatch as refusal:
        fail(str(refusal), Exit.UNUSABLE)
    except (CopyRefused, DowngradeRefused) as refusal:
        fail(str(refusal))


def _lost(found: "WayBack") -> Iterable[str]:
    for step in found.steps:
        yield f"{step.revision}  {step.says}"
    for each in found.taken:
        if each.column:
            yield f"lost: {each.table}.{each.column}, of {each.rows:,} rows"
        elif each.whole:
            yield f"lost: the table {each.table}, {each.rows:,} rows"
        else:
            yield f"lost: {each.rows:,} rows of {each.table}"


def _measured(found: "Rehearsal") -> dict[str, Any]:
    from app.repositories.schema import SCHEMA_REVISION

    planned = {step.revision: step for step in found.plan.steps}
    return {
        "engine": found.plan.engine,
        "revision": found.plan.revision,
        "target": SCHEMA_REVISION,
        "copied_by": found.copied_by,
        "copying": round(found.copying, 3),
        "seconds": round(sum(step.seconds for step in found.steps), 3),
        "steps": [
            {
                "revision": step.revision,
                "title": planned[step.revision].title,
                "seconds": round(step.seconds, 3),
                "estimated": round(planned[step.revision].seconds, 2),
                "locks": _longest(step),
            }
            for step in found.steps
        ],
    }


def _longest(step: "Measured") -> list[dict[str, Any]]:
    return [
        {
            "table": lock.table,
            "mode": str(lock.mode),
            "keeps_out": lock.keeps_out or None,
            "seconds": round(seconds, 3),
        }
        for lock, seconds in step.longest.items()
    ]


def _times(found: "Rehearsal") -> Iterable[str]:
    told = _measured(found)
    yield f"copied by {found.copied_by} in {found.copying:.1f} s; the copy is gone"
    for step in told["steps"]:
        yield f"{step['revision']}  {step['seconds']:.3f} s  {step['title']}"
        for lock in step["locks"]:
            if lock["keeps_out"]:
                who, seconds = lock["keeps_out"], lock["seconds"]
                yield f"      {lock['table']}: {who} would wait for {seconds:.3f} s"
    yield f"{len(found.steps)} steps, {told['seconds']:.1f} s"


def _members(found: "Plan") -> dict[str, Any]:
    from app.services.server.upgrade.release import THIS, release_of

    return {
        "engine": found.engine,
        "revision": found.revision,
        "target": THIS.revision,
        "from": found.revision and release_of(found.revision),
        "to": THIS.version,
        "beside": found.beside,
        "steps": [
            {
                "revision": step.revision,
                "title": step.title,
                "kinds": [str(kind) for kind in step.kinds],
                "beside": step.beside,
                "runs_from": step.runs_from,
                "seconds": round(step.seconds, 2),
                "backfills": list(step.backfills),
                "after_backfill": list(step.after_backfill),
                "statements": list(step.statements),
                "locks": [
                    {
                        "table": held.lock.table,
                        "mode": str(held.lock.mode),
                        "keeps_out": held.lock.keeps_out or None,
                        "rows": held.rows,
                        "seconds": round(held.seconds, 2),
                    }
                    for held in step.locks
                ],
            }
            for step in found.steps
        ],
        "due": [
            {
                "revision": each.revision,
                "table": each.table,
                "rows": each.rows,
                "needed_by": each.needed_by,
            }
            for each in found.due
        ],
    }


def _lines(found: "Plan") -> Iterable[str]:
    yield _from_to(found)
    if found.steps:
        yield from _steps(found)
    for each in found.due:
        before = f", before {each.needed_by}" if each.needed_by else ""
        yield (
            f"due after {each.revision}{before}: schema backfill, which looks at "
            f"{each.table} ({each.rows:,} rows) while the service runs"
        )


def _from_to(found: "Plan") -> str:
    from app.services.server.upgrade.release import THIS, release_of

    to = f"schema {THIS.revision} (release {THIS.version})"
    if found.revision is None:
        return f"From an empty database to {to}."
    if not found.steps:
        is_its = found.revision == THIS.revision
        what = "that of this release" if is_its else f"newer than {to}"
        return f"Schema {found.revision} is {what}: nothing to do."
    release = release_of(found.revision)
    return f"From schema {found.revision} (release {release}) to {to}."


def _steps(found: "Plan") -> Iterable[str]:
    for step in found.steps:
        kinds = ", ".join(step.kinds)
        yield f"{step.revision}  {step.title}"
        yield f"      {kinds}; about {step.seconds:.2f} s"
        for table in step.backfills:
            yield f"      changes rows of {table}"
        for held in step.locks:
            who = held.lock.keeps_out
            waits = f": {who} wait for {held.seconds:.2f} s" if who else ""
            rows = f"{held.rows:,} rows"
            yield f"      {held.lock.table} ({rows}) {held.lock.mode}{waits}"
        for revision in step.after_backfill:
            yield f"      waits for the backfill of {revision}"
        for statement in step.statements:
            yield f"      > {statement}"
        if not step.beside:
            yield (
                f"      what runs on schema {found.revision} does not run beside it, "
                f"what runs on {step.runs_from} does: stop it first"
            )
    seconds = sum(step.seconds for step in found.steps)
    yield f"{len(found.steps)} steps, about {seconds:.1f} s; rehearse measures it."
    if found.revision and found.beside:
        yield (
            "The release of now keeps running, meanwhile and after. Whoever wants its "
            f"schema back as well runs schema downgrade {found.revision} with these "
            "files."
        )
