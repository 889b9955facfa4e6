"""``/dev/components``: every part of pages, whole, in development only."""

import re

import pytest
from httpx2 import AsyncClient

from app.core.language import speaking
from app.pages.look.chart import Numbers, bar_chart, line_chart
from app.pages.look.people import hue, initials
from tests.support.api import PRODUCTION
from tests.support.page import Page


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The looks of pages are the same on both."""
    return sqlite_url


@pytest.mark.parametrize("layout", ["visitor", "portal", "console"])
async def test_every_component_is_shown(client: AsyncClient, layout: str) -> None:
    answer = await client.get(f"/dev/components?layout={layout}")

    page = Page(answer.text)
    assert answer.status_code == 200
    assert page.all("body") == [{"class": layout}]
    assert len(page.all("main")) == len(page.all("h1")) == 1
    assert not [tag for _, tag in page.tags if "style" in tag or "onclick" in tag]
    described = re.findall(r'aria-describedby="([^"]+)"', answer.text)
    ids = {tag["id"] for _, tag in page.tags if "id" in tag}
    assert {each for text in described for each in text.split()} <= ids


async def test_an_unknown_layout_is_no_page(client: AsyncClient) -> None:
    assert (await client.get("/dev/components?layout=x")).status_code == 404


class TestInProduction:
    """Production shows nobody how it is made."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return dict(PRODUCTION)

    async def test_components_are_not_shown(self, client: AsyncClient) -> None:
        answer = await client.get(
            "/dev/components", headers={"Host": "auth.example.com"}
        )

        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Lovelace", "AL"),
        ("ada@example.com", "A"),
        ("ada.lovelace@example.com", "AL"),
        ("Ada King Lovelace", "AL"),
        ("'; <b>", "B"),
        ("李 小龙", "李小"),
        ("\u202e\u0000", "?"),
        ("", "?"),
    ],
)
def test_initials_are_letters(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_a_person_keeps_their_colour() -> None:
    found = {hue(str(number)) for number in range(200)}

    assert found == {f"hue-{number}" for number in range(1, 9)}
    assert hue("ada") == hue("ada")


def test_a_chart_holds_what_it_was_given() -> None:
    numbers = Numbers(
        title="Sign-ins",
        of="Day",
        labels=["Mon", "Tue"],
        series=[("Signed in", [3, 1_250]), ("Refused", [0, 7])],
    )

    lines, bars = line_chart(numbers, "Up."), bar_chart(numbers, "Up.")

    assert lines.rows == bars.rows == (("Mon", (3, 0)), ("Tue", (1_250, 7)))
    assert [text for _, text in lines.rules] == ["0", "1,000", "2,000"]
    assert [each.is_second for each in lines.series] == [False, True]
    assert [bar.title for bar in bars.series[0].bars] == ["Mon: 3", "Tue: 1,250"]
    places = [y for y, _ in lines.rules]
    assert places == sorted(places, reverse=True)
    assert bars.series[0].bars[1].y < bars.series[0].bars[0].y < lines.rules[0][0]


def test_a_line_breaks_where_a_number_is_not_known() -> None:
    numbers = Numbers(
        title="Active sessions",
        of="Hour",
        labels=["1", "2", "3", "4", "5"],
        series=[("Active sessions", [3, 4, None, 5, None])],
    )

    chart = line_chart(numbers, "")

    [drawn] = chart.series
    assert drawn.line.count("M") == 2 and drawn.line.count("L") == 1
    assert drawn.line.endswith("h0")  # one point alone is a dot
    assert drawn.area.count("Z") == 2
    assert [row[1] for row in chart.rows] == [(3,), (4,), (None,), (5,), (None,)]


def test_a_chart_writes_numbers_as_the_language_does() -> None:
    numbers = Numbers(title="t", of="o", labels=["Mo"], series=[("n", [1_250])])

    with speaking("de"):
        chart = bar_chart(numbers, "")

    assert [text for _, text in chart.rules] == ["0", "1.000", "2.000"]
    assert chart.series[0].bars[0].title == "Mo: 1.250"


@pytest.mark.parametrize("values", [[], [0], [0, 0, 0], [None], [None, 0]])
def test_a_chart_of_nothing_is_still_one(values: list[int | None]) -> None:
    labels = [str(number) for number in range(len(values))]
    numbers = Numbers(title="t", of="o", labels=labels, series=[("n", values)])

    for chart in (line_chart(numbers, ""), bar_chart(numbers, "")):
        assert len(chart.rows) == len(values)
        assert chart.rules[0][1] == "0"
