"""``python -m benchmarks``: measure this build, alone or beside another, in one run."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import uvloop

from benchmarks import footprint, growth
from benchmarks.builds import Build, checked_out, this_build, with_settings
from benchmarks.measures import Measure, Measured, choose, codes_for, measure
from benchmarks.report import over_budget, table
from benchmarks.stage import Cores, Stage, pin
from benchmarks.subject import Subject, enter, prepared
from tests.servers.postgres import PostgresServer

_RESULTS = Path(__file__).with_name("results.md")


def _run(
    builds: Sequence[Build],
    chosen: Sequence[Measure],
    rounds: int,
    cores: Cores,
    directory: Path,
) -> list[Measured]:
    """Prepare each build with one process, measure the next one."""
    with ExitStack() as stack:
        postgres = PostgresServer.start(directory, durable=True)
        url = stack.enter_context(postgres).url()
        subjects = [prepared(each, url, directory, cores) for each in builds]
        stages = [stack.enter_context(each.serving()) for each in subjects]
        return uvloop.run(_measure(subjects, stages, chosen, rounds))


async def _measure(
    subjects: Sequence[Subject],
    stages: Sequence[Stage],
    chosen: Sequence[Measure],
    rounds: int,
) -> list[Measured]:
    for subject, stage in zip(subjects, stages, strict=True):
        await enter(subject, stage, codes_for(chosen, rounds))
    return await measure(subjects, chosen, rounds)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--against", metavar="REVISION", help="measure it as well")
    parser.add_argument(
        "--setting",
        metavar="NAME=VALUE",
        action="append",
        help="measure this build with it, beside itself without",
    )
    parser.add_argument("--only", metavar="NAME,...", help="parts of measures' names")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each measure")
    parser.add_argument("--scale", type=float, help="of a million accounts: growth")
    parser.add_argument(
        "--write",
        action="store_true",
        help="keep it in results.md, or the footprint in docs",
    )
    return parser.parse_args()


def _where(cores: Cores, rounds: int, others: float) -> str:
    python = f"Python {platform.python_version()}, PostgreSQL 18 with fsync; {cores}"
    turns = f"Medians of {rounds} turns"
    return f"{python}. {turns}. Load average before the start: {others:.1f}."


def main() -> None:
    """Measure and print; fail if the service at rest is over its budget."""
    arguments = _read_arguments()
    if arguments.scale:
        growth.run(arguments.scale, arguments.only)
        return
    if arguments.only == "footprint":
        sys.exit(footprint.run(arguments.write))
    chosen = choose(arguments.only)
    cores = Cores.choose()
    others = os.getloadavg()[0]  # of whoever else is at work here
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        builds = [this_build()]
        if arguments.against:
            builds.append(checked_out(arguments.against, directory / "against"))
        elif arguments.setting:
            builds.insert(0, with_settings(builds[0], arguments.setting))
        pin(0, cores.driver)  # PostgreSQL is our child and stays there too
        measured = _run(builds, chosen, arguments.rounds, cores, directory)
    where = _where(cores, arguments.rounds, others)
    text = f"{where}\n\n{table(*measured)}\n"
    print(text)
    if arguments.write:
        _RESULTS.write_text(f"# One run of `make bench`\n\n{text}")
    sys.exit(over_budget(measured[0]))


if __name__ == "__main__":
    main()
