"""Settings of what an operator's monitoring reads: metrics, and traces."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from app.setting_groups import Group
from app.setting_types import Chance, HttpUrl

_HEADER = re.compile(r"[A-Za-z0-9_-]+=[\x21-\x2b\x2d-\x7e][\x20-\x2b\x2d-\x7e]*")


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


class TracesSettings(Group):
    """Traces for OpenTelemetry (docs/traces.md); they take the extra `otel`."""

    endpoint: HttpUrl | None = Field(
        None,
        description="Collector that takes OTLP over HTTP, such as "
        "`http://localhost:4318`; unset: no traces.",
    )
    headers: SecretStr | None = Field(
        None,
        description="Header fields that it wants: `name=value`, separated by commas.",
    )
    sample: float = Field(
        1.0, ge=0, le=1, description="Share of the traces that begin here to tell of."
    )
    continues: Literal["trusted_proxies", "everybody"] = Field(
        "trusted_proxies",
        description="Whose `traceparent` a request goes on with: that of a connection "
        "which AUTH_SERVE_TRUSTED_PROXIES names, or anybody's.",
    )
    service: str = Field(
        "auth-serve", min_length=1, max_length=64, description="`service.name`."
    )

    @field_validator("headers")
    @classmethod
    def _refuse_malformed(cls, value: SecretStr | None) -> SecretStr | None:
        for part in value.get_secret_value().split(",") if value else ():
            if not _HEADER.fullmatch(part.strip()):
                raise ValueError("must be name=value, separated by commas")
        return value

    @property
    def fields(self) -> dict[str, str]:
        """The header fields by name."""
        if self.headers is None:
            return {}
        parts = self.headers.get_secret_value().split(",")
        named = (part.strip().partition("=") for part in parts)
        return {name.lower(): value for name, _, value in named}
