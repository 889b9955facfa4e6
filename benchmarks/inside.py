"""What only a build itself knows: run with its code, answered in JSON.

Any revision may be on the path, so this keeps to names that all of them have:
``prepare`` and ``CODES`` of `benchmarks.provider`, ``SECRET``, ``PREPARING`` and
``PRODUCTION`` of `benchmarks.stage`, ``NO_LIMITS`` of the tests' service, and
``ENGINES`` of the hashes.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

_APPLICATIONS = ("machine", "web", "plain", "caller")
_LATER = ("sender", "gateway")  # which older builds do not know
_UNKNOWN = 3
# None of them is reached, but an attempt takes so long to be refilled that a rightful
# sign-in gives it back, as it does with the limits of production.
_WIDE = "10000/86400"


def settings() -> dict[str, Any]:
    """Return the environment: a build refuses to start with what it does not know."""
    from benchmarks import stage
    from tests.servers.service import NO_LIMITS

    always = {
        "AUTH_SERVE_SECRET_KEY": stage.SECRET,
        **dict.fromkeys(NO_LIMITS, _WIDE),
    }
    return {
        "preparing": always | stage.PREPARING,
        "production": always | stage.PRODUCTION,
    }


def applications(url: str, email: str, codes: str) -> dict[str, Any]:
    """Register the applications, and return them with their codes."""
    from benchmarks import provider

    provider.CODES = int(codes)
    made = asyncio.run(provider.prepare(url, email))
    there = (*_APPLICATIONS, *(name for name in _LATER if hasattr(made, name)))
    return {
        name: {
            "authorization": application.basic["Authorization"],
            "codes": list(made.codes[application.client_id]),
        }
        for name in there
        for application in [getattr(made, name)]
    }


def resources() -> dict[str, Any]:
    """Say nothing, if applications can ask for a resource by its name."""
    from tests.factories import resource

    return {"one": resource.ORDERS}


def workers() -> dict[str, Any]:
    """Say nothing, if several processes can serve behind one port."""
    from app.cli import workers as known

    return {"are": known.__name__}


def devices(url: str, count: str) -> dict[str, Any]:
    """Have so many devices wait, and return what they poll with."""
    from benchmarks.devices import wait

    return asyncio.run(wait(url, int(count)))


def visits(url: str, count: str) -> list[str]:
    """Have people enter a protected host, and return their cookies for it."""
    from benchmarks.visits import enter

    return asyncio.run(enter(url, int(count)))


def hashing(engine: str, core: str, seconds: str) -> dict[str, Any]:
    """Compute Argon2id digests on one core, by the engine in use or by a named one."""
    from app.core.password_schemes.engines import ENGINES

    if core:
        os.sched_setaffinity(0, {int(core)})
    name = engine or next(iter(ENGINES))
    derive, count = ENGINES[name], 0
    started, used = time.perf_counter(), time.thread_time()
    # One at least: a time that is over before the first would be a build without speed.
    while (taken := time.perf_counter() - started) < float(seconds) or not count:
        derive(
            b"violet harbour stone 42",
            os.urandom(16),
            memory_cost=19_456,
            time_cost=2,
            parallelism=1,
            length=32,
        )
        count += 1
    cpu_seconds = time.thread_time() - used
    return {"engine": name, "count": count, "seconds": taken, "cpu": cpu_seconds}


def janitor(url: str) -> dict[str, Any]:
    """Let the janitor clean all there is; return its longest transaction in seconds."""
    return asyncio.run(_clean(url))


def migrate(url: str, target: str) -> dict[str, Any]:
    """Bring the schema up to ``head``, or down to another revision."""
    from alembic import command
    from alembic.config import Config

    config = Config("alembic.ini")
    config.set_main_option("sqlalchemy.url", url)
    step = command.upgrade if target == "head" else command.downgrade
    step(config, target)
    return {}


async def _clean(url: str) -> dict[str, Any]:
    from sqlalchemy import event

    from app.config import Settings
    from app.jobs.janitor import JanitorJob
    from app.services.server.runtime import build_runtime
    from benchmarks.stage import SECRET

    values = {"database_url": url, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(values))
    began: dict[Any, float] = {}
    taken = [0.0]
    engine = runtime.database.engine.sync_engine

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        began[connection] = time.perf_counter()

    @event.listens_for(engine, "commit")
    def commit(connection: Any) -> None:
        taken.append(time.perf_counter() - began.pop(connection))

    while await JanitorJob(runtime).run():
        pass
    await runtime.close()
    return {"longest": max(taken)}


_COMMANDS: dict[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (
        *(settings, applications, resources, visits, devices, workers),
        *(hashing, janitor, migrate),
    )
}

if __name__ == "__main__":
    try:
        told = _COMMANDS[sys.argv[1]](*sys.argv[2:])
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(_UNKNOWN)
    print(json.dumps(told))
