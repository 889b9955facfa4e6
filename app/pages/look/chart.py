"""Charts as pictures that the server makes: numbers in, the parts of an SVG out.

``components/chart.html`` draws them, with the same numbers as a table beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from app.core.language.words import spoken_number

WIDTH, HEIGHT = 640, 200
_LEFT, _BOTTOM, _TOP = 44, 24, 8
_MOST_TICKS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One number as a rectangle; the title is shown to who points at it."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """One row of numbers, as a line with the area below it or as bars."""

    name: str
    is_second: bool
    line: str = ""
    area: str = ""
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the template needs.

    Attributes:
        title: What is shown.
        of: What the labels are: days, applications.
        summary: The chart in one sentence, for who does not see it.
        series: One or two rows of numbers.
        rules: Height and number of each horizontal line.
        ticks: Place and label of what stands below.
        rows: Label and numbers, for the table; None is not known.
    """

    title: str
    of: str
    summary: str
    series: tuple[Drawn, ...]
    rules: tuple[tuple[float, str], ...]
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[tuple[str, tuple[int | None, ...]], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What a chart is made of.

    Attributes:
        labels: One for each place, such as the days.
        series: Name and numbers, one for each label; one row, or two. None is a
            number that is not known, where a line has a gap.
    """

    title: str
    of: str
    labels: Sequence[str]
    series: Sequence[tuple[str, Sequence[int | None]]] = field(default_factory=tuple)


def line_chart(numbers: Numbers, summary: str) -> Chart:
    """Return numbers over time; the second row is dashed as well."""
    top, places = _top(numbers), _places(len(numbers.labels))
    drawn = []
    for index, (name, values) in enumerate(numbers.series):
        known = zip(places, values, strict=True)
        pieces = [
            [(x, _height(value, top)) for x, value in each if value is not None]
            for is_known, each in groupby(known, lambda place: place[1] is not None)
            if is_known
        ]
        line = "".join(map(_line, pieces))
        area = "".join(map(_area, pieces))
        drawn.append(Drawn(name, index > 0, line, area))
    return _chart(numbers, summary, tuple(drawn), places)


def counted(number: int | None) -> str:
    """Return a number in the language of the page; a dash where it is not known."""
    return "–" if number is None else spoken_number(number)


def _line(points: Sequence[tuple[float, float]]) -> str:
    line = "L".join(f"{x:g} {y:g}" for x, y in points)
    return f"M{line}h0" if len(points) == 1 else f"M{line}"  # of one point: a dot


def _area(points: Sequence[tuple[float, float]]) -> str:
    return f"{_line(points)}V{HEIGHT - _BOTTOM}H{points[0][0]:g}Z"


def bar_chart(numbers: Numbers, summary: str) -> Chart:
    """Return numbers as bars, two rows beside one another."""
    top, count = _top(numbers), max(len(numbers.labels), 1)
    step = (WIDTH - _LEFT) / count
    width = step * 0.7 / max(len(numbers.series), 1)
    drawn = []
    for index, (name, values) in enumerate(numbers.series):
        bars = [
            _bar(_LEFT + step * (at + 0.15) + width * index, width, value, top, label)
            for at, (label, value) in enumerate(
                zip(numbers.labels, values, strict=True)
            )
        ]
        drawn.append(Drawn(name, index > 0, bars=tuple(bars)))
    places = [round(_LEFT + step * (at + 0.5), 1) for at in range(len(numbers.labels))]
    return _chart(numbers, summary, tuple(drawn), places)


def _chart(
    numbers: Numbers, summary: str, drawn: tuple[Drawn, ...], places: Sequence[float]
) -> Chart:
    top = _top(numbers)
    every = -(-len(numbers.labels) // _MOST_TICKS) or 1
    ticks = list(zip(places, numbers.labels, strict=True))[::every]
    rows = zip(*(values for _, values in numbers.series), strict=True)
    return Chart(
        title=numbers.title,
        of=numbers.of,
        summary=summary,
        series=drawn,
        rules=tuple(
            (_height(each, top), spoken_number(each)) for each in (0, top // 2, top)
        ),
        ticks=tuple(ticks),
        rows=tuple(zip(numbers.labels, rows, strict=True)),
    )


def _top(numbers: Numbers) -> int:
    """Return the even round number that is not below any of them."""
    known = (value or 0 for _, values in numbers.series for value in values)
    most = max(known, default=0)
    scale = 10
    while scale < most:
        scale *= 10
    steps = (scale // 10 * part for part in (1, 2, 4, 6, 8, 10))
    return next((step for step in steps if step >= most and step >= 2), scale)


def _places(count: int) -> list[float]:
    if count == 1:
        return [(_LEFT + WIDTH) / 2]
    gap = (WIDTH - _LEFT - 16) / max(count - 1, 1)
    return [round(_LEFT + 8 + gap * at, 1) for at in range(count)]


def _height(value: int, top: int) -> float:
    return round(HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * value / top, 1)


def _bar(x: float, width: float, value: int | None, top: int, label: str) -> Bar:
    y = _height(value or 0, top)
    height = round(HEIGHT - _BOTTOM - y, 1)
    return Bar(round(x, 1), y, round(width, 1), height, f"{label}: {counted(value)}")
