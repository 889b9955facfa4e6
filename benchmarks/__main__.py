"""``python -m benchmarks [--write]``: measure once, print one table."""

import argparse
import asyncio
import os
import platform
import tempfile
from pathlib import Path

import uvloop

from benchmarks.measures import Measured, forget_mail, measure, register
from benchmarks.report import table
from benchmarks.stage import PREPARING, PRODUCTION, Cores, pin, serving
from tests.servers.postgres import PostgresServer

_RESULTS = Path(__file__).with_name("results.md")


def _run(cores: Cores, directory: Path) -> Measured:
    """Prepare schema and accounts with one process, measure the next one."""
    with PostgresServer.start(directory, durable=True) as postgres:
        url, log = postgres.url(), directory / "log"
        with serving(url, log, cores.server, PREPARING) as stage:
            uvloop.run(register(stage.port))
        asyncio.run(forget_mail(url))
        with serving(url, log, cores.server, PRODUCTION) as stage:
            return uvloop.run(measure(stage, url, cores.server))


def main() -> None:
    """Measure and print; ``--write`` keeps the table in ``results.md`` as well."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep it in results.md")
    arguments = parser.parse_args()
    cores = Cores.choose()
    others = os.getloadavg()[0]  # of whoever else is at work here
    pin(0, cores.driver)  # PostgreSQL is our child and stays there too
    with tempfile.TemporaryDirectory() as directory:
        measured = _run(cores, Path(directory))
    where = f"Python {platform.python_version()}, PostgreSQL 18 with fsync; {cores}."
    where += f" Load average before the start: {others:.1f}."
    text = f"{where}\n\n{table(measured)}\n"
    print(text)
    if arguments.write:
        _RESULTS.write_text(f"# One run of `python -m benchmarks --write`\n\n{text}")


if __name__ == "__main__":
    main()
