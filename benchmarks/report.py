"""The one table: a build beside what is wanted, or beside another build."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.load import Load
from benchmarks.measures import (
    MEASURES,
    MEMORY,
    MEMORY_BUDGET,
    RAW,
    SIGN_IN,
    Measure,
    Measured,
    Sample,
)

_SHARE_OF_RAW = 0.95  # what signing in leaves of its hash
Row = tuple[str, ...]


@dataclass(frozen=True)
class Ratio:
    """One build by the other, over the pairs of all rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of_pairs(cls, ours: Sequence[float], theirs: Sequence[float]) -> "Ratio":
        """Divide turn by turn: neighbours had the same weather."""
        each = [
            mine / other if other else math.nan
            for mine, other in zip(ours, theirs, strict=True)
        ]
        return cls(median(each), min(each), max(each))


def table(ours: Measured, theirs: Measured | None = None) -> str:
    """Return what was measured as a Markdown table with even columns."""
    measures = [each for each in MEASURES if each.name in ours.samples]
    if theirs is None:
        head: Row = ("measure", "value", "target", "ratio to target", "details")
        return even([head, *(_alone(each, ours) for each in measures)])
    head = ("measure", theirs.build, ours.build, "ratio", "of pairs", "by CPU time")
    rows = (_beside(each, ours, theirs) for each in measures)
    return even([(*head, "target", "details"), *rows])


def over_budget(ours: Measured) -> str | None:
    """Return what is to be said if the service at rest has grown too big."""
    samples = ours.samples.get(MEMORY)
    if not samples or (used := _middle(samples)) <= MEMORY_BUDGET:
        return None
    return f"{MEMORY}: {used:.1f} MB, and the budget is {MEMORY_BUDGET:.0f} MB"


def _alone(each: Measure, ours: Measured) -> Row:
    samples = ours.samples[each.name]
    value = _middle(samples)
    target, verdict = _verdict(each, value)
    if each.name == SIGN_IN and RAW in ours.samples:
        target, verdict = f"{_SHARE_OF_RAW:.0%} of raw", _share(ours)
    return each.name, _written(value, each.unit), target, verdict, _details(samples)


def _beside(each: Measure, ours: Measured, theirs: Measured) -> Row:
    if each.name not in theirs.samples:
        name, alone, *verdict, details = _alone(each, ours)
        return name, "", alone, "", "", "", " ".join(filter(None, verdict)), details
    mine, other = ours.samples[each.name], theirs.samples[each.name]
    value = _middle(mine)
    ratio = Ratio.of_pairs([_.value for _ in mine], [_.value for _ in other])
    by_cpu = [
        [sample.by_cpu for sample in samples if sample.by_cpu is not None]
        for samples in (mine, other)
    ]
    return (
        each.name,
        _written(_middle(other), each.unit),
        _written(value, each.unit),
        f"{ratio.median:.2f}",
        f"{ratio.low:.2f} to {ratio.high:.2f}",
        f"{Ratio.of_pairs(*by_cpu).median:.2f}" if by_cpu[0] else "",
        " ".join(part for part in _verdict(each, value) if part),
        _details(mine),
    )


def _verdict(each: Measure, value: float) -> tuple[str, str]:
    if each.target is None:
        return "", ""
    said = "met" if each.is_met(value) else "missed"
    return _written(each.target, each.unit), f"{value / each.target:.2f} {said}"


def _share(ours: Measured) -> str:
    """Return how much of the raw hashes signing in reaches, by clock or by core.

    The worse of the two: other tenants disturb the clock of one or the other, and the
    core's own time does not see that it was idle.
    """
    sign_ins, raw = ours.samples[SIGN_IN], ours.samples[RAW]
    by_clock = _middle(sign_ins) / _middle(raw)
    by_cpu = median(_.by_cpu or math.nan for _ in sign_ins)
    ratio = min(by_clock, by_cpu / median(_.by_cpu or math.nan for _ in raw))
    met = "met" if ratio >= _SHARE_OF_RAW else "missed"
    return f"{ratio / _SHARE_OF_RAW:.2f} {met}"


def _details(samples: Sequence[Sample]) -> str:
    load = Load()
    for sample in samples:
        load.add(sample.load or Load())
    parts = [samples[-1].note] if samples[-1].note else []
    if load.times:
        parts.append(f"p50 {load.percentile(0.5):.1f} ms")
        parts.append(f"p99 {load.percentile(0.99):.1f} ms")
    if load.cpu_seconds:  # below 100 %, somebody else took the core or the disk
        busy = load.cpu_seconds / load.seconds
        parts.append(f"{load.rate_by_cpu:,.0f} per CPU second ({busy:.0%} busy)")
    if load.seconds:
        parts.append(f"failed {load.failures}")
    return ", ".join(parts)


def _middle(samples: Sequence[Sample]) -> float:
    return median(sample.value for sample in samples)


def _written(value: float, unit: str) -> str:
    if unit == "/s":
        return f"{value:,.0f}/s"
    return f"{value:.2f} {unit}" if value < 10 else f"{value:.1f} {unit}"


def even(lines: Sequence[Row]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(cells, widths) for cells in (lines[0], rule, *lines[1:]))


def _line(cells: Row, widths: Sequence[int]) -> str:
    even = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(even)} |"
