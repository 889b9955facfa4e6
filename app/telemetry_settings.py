"""Settings of what an operator's monitoring reads: metrics, and traces."""

from pathlib import Path

from pydantic import Field

from app.setting_groups import Group
from app.setting_types import Chance


class MetricsSettings(Group):
    """Numbers for Prometheus and the like (docs/metrics.md)."""

    token: Chance | None = Field(
        None,
        description="At least 32 characters of chance: who brings it as bearer may "
        "read `/metrics`. Unset: nobody may there.",
    )
    port: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="A port of its own for `/metrics`, without a token; unset: none.",
    )
    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Address that this port is on. Whoever reaches it may read.",
    )
    directory: Path | None = Field(
        None,
        description="Folder where processes behind one port put their numbers "
        "together; `server start --workers` makes one itself.",
    )

    @property
    def is_on(self) -> bool:
        """Tell whether anybody may read them, and so whether anything is counted."""
        return self.token is not None or self.port is not None
