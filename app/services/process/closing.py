"""The end of a process: each part has so long, and none keeps the others waiting."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

PATIENCE = 2.0  # seconds that a part has to let go of what it holds
_log = logging.getLogger("auth_serve.stop")


async def close_parts(
    parts: Mapping[str, Coroutine[Any, Any, None]], patience: float | None = None
) -> None:
    """Close parts side by side; who is late or fails is named in the log and left.

    Args:
        parts: By name, for the log.
        patience: Seconds, for all of them together; None is ``PATIENCE``.
    """
    tasks = [asyncio.create_task(part, name=name) for name, part in parts.items()]
    # Not a time limit around each: what does not hear of it would be waited for.
    timeout = PATIENCE if patience is None else patience
    done, late = await asyncio.wait(tasks, timeout=timeout)
    for task in late:
        task.cancel()
        _log.warning("not closed in time", extra={"part": task.get_name()})
    for task in done:
        if (error := task.exception()) is not None:
            about = {"part": task.get_name(), "error": type(error).__name__}
            _log.warning("not closed", extra=about)
