"""The one table."""

from benchmarks.measures import Measured

_TARGETS = {
    "refresh": 2_000,
    "GET /users/me": 3_000,
    "JWKS": 10_000,
    "client credentials": 3_500,
    "introspection": 3_000,
    "userinfo": 3_000,
    "refresh at the token endpoint": 2_000,
    "the same with an ID token": None,
    "code exchange, RS256": 900,
}
Row = tuple[str, str, str, str, str]
_HEAD: Row = ("measure", "value", "target", "ratio to target", "details")


def rows(measured: Measured) -> list[Row]:
    """Return what was measured beside what was wanted."""
    return [*_hash_rows(measured), *_rate_rows(measured), *_rest_rows(measured)]


def table(measured: Measured) -> str:
    """Return the rows as a Markdown table with even columns."""
    lines = [_HEAD, *rows(measured)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(cells, widths) for cells in (_HEAD, rule, *lines[1:]))


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    even = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(even)} |"


def _hash_rows(measured: Measured) -> list[Row]:
    raw, engine = measured.raw, next(iter(measured.raw))
    yes = [
        (
            f"raw Argon2id, {name}",
            f"{each.count / each.seconds:.1f}/s",
            "",
            "",
            f"{each.count / each.cpu_seconds:.1f} per CPU second"
            + ", in use" * (name == engine),
        )
        for name, each in raw.items()
    ]
    load, used = measured.loads["sign-in"], measured.cpu_seconds["sign-in"]
    by_clock = load.rate / (raw[engine].count / raw[engine].seconds)
    by_core = len(load.times) / used / (raw[engine].count / raw[engine].cpu_seconds)
    # The worse of the two: other tenants disturb the clock of one or the other, and
    # the core's own time does not see that it was idle.
    ratio = min(by_clock, by_core)
    value = f"{load.rate:.1f}/s = {by_clock:.1%} of raw, {by_core:.1%} by CPU time"
    share = _at_least(ratio, 0.95)
    return [*yes, ("sign-in", value, "95 % of raw", share, _details(measured))]


def _rate_rows(measured: Measured) -> list[Row]:
    return [
        (
            name,
            f"{measured.loads[name].rate:,.0f}/s",
            f"{target:,}/s" if target else "",
            _at_least(measured.loads[name].rate, target) if target else "",
            _details(measured, name),
        )
        for name, target in _TARGETS.items()
    ]


def _rest_rows(measured: Measured) -> list[Row]:
    flooded, flood = (
        measured.loads[name] for name in ("refresh under flood", "sign-in flood")
    )
    p99 = flooded.percentile(0.99)
    by = f"p50 {flooded.percentile(0.5):.1f} ms; sign-ins {flood.rate:.0f}/s beside it"
    rest, start = measured.rest_mb, measured.start_seconds
    writes = ", ".join(f"{count:.2f} {kind}" for kind, count in measured.writes.items())
    loaded = f"{measured.loaded_mb:.0f} MB after load"
    return [
        ("refresh p99 under flood", f"{p99:.1f} ms", "100 ms", _at_most(p99, 100), by),
        ("memory at rest", f"{rest:.0f} MB", "110 MB", _at_most(rest, 110), loaded),
        (
            "start to ready",
            f"{start:.2f} s",
            "2 s",
            _at_most(start, 2),
            "schema current",
        ),
        ("rows per refresh", writes, "1 updated only", "", "pg_stat_user_tables"),
    ]


def _at_least(value: float, target: float) -> str:
    return f"{value / target:.2f} {'met' if value >= target else 'missed'}"


def _at_most(value: float, target: float) -> str:
    return f"{value / target:.2f} {'met' if value <= target else 'missed'}"


def _details(measured: Measured, name: str = "sign-in") -> str:
    load = measured.loads[name]
    times = f"p50 {load.percentile(0.5):.1f} ms, p99 {load.percentile(0.99):.1f} ms"
    busy = (
        measured.cpu_seconds[name] / load.seconds
    )  # below one, somebody else took the core or the disk
    per_cpu = f"{load.rate / busy:,.0f} per CPU second ({busy:.0%} busy)"
    return f"{times}, {per_cpu}, failed {load.failures}"
