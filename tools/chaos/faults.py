"""What goes wrong, how it is mended, and what people may notice of it at most."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.servers.valkey import ValkeyServer
from tools.chaos.people import NO_ANSWER, PEOPLE
from tools.chaos.stage import Stage, execute

Act = Callable[[Stage], Awaitable[None]]
SAID_SO = "503"  # with Retry-After
# A connection that ended before the answer began. HAProxy says 502 for it, or ends the
# client's too, where that was used before; it asks nobody again: it may have been done.
CUT = ("reset", "502")


@dataclass(frozen=True)
class Fault:
    """Something that happens to an installation.

    Attributes:
        name: What happens, for people.
        act: Does it, and mends it.
        kinds: Of errors that are expected; any other breaks the bound.
        outage: Seconds at most in which nobody is answered.
        settled: Seconds after it was mended until the last error.
        errors: At most so many of them, whoever they came to; unset: any number.
    """

    name: str
    act: Act
    kinds: tuple[str, ...]
    outage: float
    settled: float
    errors: int | None = None

    def bound(self) -> str:
        """Return what is allowed, for people."""
        if not self.kinds:
            return f"no error, outage {self.outage:.0f} s"
        most = "" if self.errors is None else f"{self.errors} errors, "
        return f"{most}outage {self.outage:.0f} s, late {self.settled:.0f} s"


async def _nothing(_: Stage) -> None:
    await asyncio.sleep(5)


async def _rolling_restart(stage: Stage) -> None:
    for replica in stage.replicas:
        await asyncio.to_thread(replica.replace)
        await asyncio.sleep(2)  # until HAProxy has looked


async def _freeze(stage: Stage) -> None:
    """For longer than HAProxy takes to notice (6 s), and than anybody waits."""
    frozen = stage.replicas[0]
    frozen.send(signal.SIGSTOP)
    await asyncio.sleep(16)
    frozen.send(signal.SIGCONT)


async def _kill(stage: Stage) -> None:
    """What it was answering is cut, at once; everybody has one such request at most."""
    killed = stage.replicas[1]
    await asyncio.to_thread(killed.end)
    await asyncio.sleep(4)
    killed.start()
    await asyncio.to_thread(killed.wait_until_ready)


async def _kill_valkey(stage: Stage) -> None:
    await asyncio.to_thread(stage.valkey.kill)
    await asyncio.sleep(5)
    port, home = stage.valkey.port, stage.replicas[0].service.directory
    start = ValkeyServer.start
    stage.valkey = await asyncio.to_thread(start, home, port)
    await asyncio.sleep(3)


async def _kill_pooler(stage: Stage) -> None:
    await asyncio.to_thread(stage.pooler.kill)
    await asyncio.sleep(2)
    await asyncio.to_thread(stage.pooler.start_again, stage.primary)


async def _freeze_primary(stage: Stage) -> None:
    """Connections stay open, and nothing answers there."""
    stage.primary.pause()
    await asyncio.sleep(12)
    stage.primary.resume()


async def _freeze_standby(stage: Stage) -> None:
    """Nothing can be acknowledged meanwhile."""
    assert stage.standby is not None
    stage.standby.pause()
    await asyncio.sleep(12)
    stage.standby.resume()


async def _fail_over(stage: Stage) -> None:
    """Kill the primary; it takes a while until that is noticed and acted upon."""
    assert stage.standby is not None
    await asyncio.to_thread(stage.primary.kill)
    await asyncio.sleep(5)
    stage.primary, stage.standby = stage.standby, None
    await execute(stage.primary, "SELECT pg_promote()")
    stage.pooler.lead_to(stage.primary)


FAULTS = (
    Fault("nothing", _nothing, (), 3, 0),
    Fault("rolling restart of all three", _rolling_restart, (), 3, 0),
    Fault("one replica frozen for 16 s", _freeze, (NO_ANSWER, *CUT), 3, 6),
    Fault("one replica killed", _kill, CUT, 3, 0, errors=PEOPLE),
    Fault("Valkey killed, back after 5 s", _kill_valkey, (), 3, 0),
    Fault("PgBouncer killed, back after 2 s", _kill_pooler, (SAID_SO,), 7, 5),
    Fault("primary frozen for 12 s", _freeze_primary, (SAID_SO, NO_ANSWER), 22, 5),
    Fault("standby frozen for 12 s", _freeze_standby, (SAID_SO, NO_ANSWER), 22, 5),
    Fault("primary killed, standby promoted", _fail_over, (SAID_SO, NO_ANSWER), 15, 10),
)
