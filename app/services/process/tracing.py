"""Traces, where an operator names a collector (ADR-0091)."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app import __version__
from app.config import PREFIX, Settings, SettingsError

if TYPE_CHECKING:
    from app.tracing.opentelemetry import OtelTracing

_PATH = "/v1/traces"  # of OTLP, where an address has no path


def build_tracing(settings: Settings) -> "OtelTracing | None":
    """Return what begins traces; None where nobody is told of them.

    Raises:
        SettingsError: The libraries are not installed.
    """
    chosen = settings.traces
    if chosen.endpoint is None:
        return None
    try:
        # Here: several megabytes, and an extra that few installations have.
        from app.tracing.opentelemetry import OtelTracing
    except ImportError as error:
        raise SettingsError(
            f"{PREFIX}TRACES__ENDPOINT needs the extra `otel`: "
            'pip install "auth-serve[otel]"'
        ) from error
    has_path = urlsplit(chosen.endpoint).path.strip("/")
    return OtelTracing(
        chosen.endpoint if has_path else chosen.endpoint.rstrip("/") + _PATH,
        headers=chosen.fields,
        sample=chosen.sample,
        service={"service.name": chosen.service, "service.version": __version__},
    )
