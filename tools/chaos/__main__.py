"""``python -m tools.chaos``: let each part fail in turn, and say what it cost."""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tools.chaos.faults import FAULTS, Fault
from tools.chaos.ledger import Ledger
from tools.chaos.people import PEOPLE, Person
from tools.chaos.report import Result, table, write
from tools.chaos.stage import Stage, set_up

_BEFORE = 2.0  # seconds of ordinary life before a fault
_AFTER = 3.0  # and after its last error, in which HAProxy looks at everybody again
_PATIENCE = 40.0  # seconds after which errors are let be


async def _suffer(fault: Fault, stage: Stage, people: Sequence[Person]) -> Result:
    """Let people live through a fault, and look whether what they were told holds."""
    ledger = Ledger(time.monotonic())
    for person in people:
        person.ledger = ledger
    over = asyncio.Event()
    living = [asyncio.create_task(person.live(over)) for person in people]
    await asyncio.sleep(_BEFORE)
    await fault.act(stage)
    mended = time.monotonic()
    await _calm(ledger, mended)
    over.set()
    await asyncio.gather(*living)
    seen = len(ledger.entries)
    await asyncio.gather(*(person.audit() for person in people))
    return Result(fault, ledger, mended, seen)


async def _calm(ledger: Ledger, mended: float) -> None:
    """Wait until nothing went wrong for a while."""
    while (now := time.monotonic()) < mended + _PATIENCE:
        if now > mended + ledger.settled(mended) + _AFTER:
            return
        await asyncio.sleep(0.1)


async def _run(stage: Stage, faults: Sequence[Fault]) -> list[Result]:
    people = [Person(number, stage.balancer.url) for number in range(PEOPLE)]
    try:
        await asyncio.gather(*(person.arrive() for person in people))
        results = []
        for fault in faults:
            results.append(await _suffer(fault, stage, people))
            print(results[-1].told(), flush=True)
        return results
    finally:
        for person in people:
            await person.leave()


def main() -> None:
    """Run, print the table, and fail if a bound was broken."""
    parser = argparse.ArgumentParser(prog="python -m tools.chaos", description=__doc__)
    parser.add_argument("--only", metavar="WORD,...", help="of faults' names")
    parser.add_argument("--logs", type=Path, help="where the service's logs are kept")
    arguments = parser.parse_args()
    words = (arguments.only or "").split(",")
    faults = [each for each in FAULTS if any(word in each.name for word in words)]
    where = f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} before it"
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as made:
        directory = arguments.logs or Path(made)
        directory.chmod(0o755)
        with set_up(directory) as stage:
            results = asyncio.run(_run(stage, faults))
    took = f"{where}; {time.monotonic() - began:.0f} seconds."
    print(f"{table(results)}\n\n{took}")
    if not arguments.only:
        write(results, took)
    broken = [each for result in results for each in result.broken()]
    sys.exit("\n".join(broken) or None)


if __name__ == "__main__":
    main()
