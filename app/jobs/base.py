"""What a job is."""

from typing import Protocol


class Job(Protocol):
    """Work that a process does beside its requests, again and again.

    Several processes may run the same job at the same time; it must be harmless.

    Attributes:
        name: For the log.
        interval: Seconds between two runs that found nothing more to do.
    """

    name: str
    interval: float

    async def run(self) -> bool:
        """Do a bounded piece of the work; True when there is more to do at once."""
        ...
