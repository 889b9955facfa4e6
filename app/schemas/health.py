"""Bodies of ``/health``."""

from typing import Literal

from app.schemas.base import Output


class Live(Output):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(Output):
    """What the process can do; ``degraded`` still serves."""

    status: Literal["ready", "degraded", "down"]
    checks: dict[str, str]
