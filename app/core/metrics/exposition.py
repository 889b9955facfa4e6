"""Readings as monitoring reads them: Prometheus' text, or OpenMetrics where asked for.

Imported at the first scrape: nobody else needs the library.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from app.core.metrics.family import Family
from app.core.metrics.registry import Reading


class _Readings:
    """What the library asks for metrics."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._by_family: dict[Family, list[Reading]] = {}
        for reading in readings:
            self._by_family.setdefault(reading.family, []).append(reading)

    def collect(self) -> Iterator[Metric]:
        """Yield each family with all that it says."""
        for family in sorted(self._by_family, key=lambda each: each.name):
            metric = _metric(family)
            for reading in self._by_family[family]:
                _add(metric, reading)
            yield metric


def written(readings: Iterable[Reading], accept: str) -> tuple[bytes, str]:
    """Return the text, and its media type.

    Args:
        readings: What there is to tell.
        accept: What the caller can read, as it says it.
    """
    encode, media_type = choose_encoder(accept)
    return encode(_Readings(readings)), media_type


def _metric(family: Family) -> Metric:
    kinds = {
        "counter": CounterMetricFamily,
        "gauge": GaugeMetricFamily,
        "histogram": HistogramMetricFamily,
    }
    made: Metric = kinds[family.kind](
        family.name, family.about, labels=list(family.labels)
    )
    return made


def _add(metric: Metric, reading: Reading) -> None:
    if isinstance(metric, HistogramMetricFamily):
        *counts, total = reading.numbers
        buckets = _buckets(reading.family.bounds, counts)
        metric.add_metric(list(reading.labels), buckets, total)
    elif isinstance(metric, CounterMetricFamily | GaugeMetricFamily):
        metric.add_metric(list(reading.labels), reading.numbers[0])


def _buckets(
    bounds: Sequence[float], counts: Sequence[float]
) -> list[tuple[str, float]]:
    names = [*(str(float(bound)) for bound in bounds), "+Inf"]
    return list(zip(names, accumulate(counts), strict=True))
