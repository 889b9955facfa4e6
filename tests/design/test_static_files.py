"""Files that pages load: whose they are, how long they are kept, and no others."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from app.pages.look.static import FOLDER, static_file
from tests.support.page import Page

_OURS = {"console/console.js", "swagger/start.js"}
# Put together from a word and what it is of.
_MADE = {"hue": r"[1-8]", "of": r"google|entra|apple"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Files are no business of the database."""
    return sqlite_url


def test_every_file_of_others_is_the_one_in_the_manifest() -> None:
    manifest = json.loads((FOLDER / "vendored.json").read_text(encoding="utf-8"))
    packages = manifest["packages"]
    known = {name: tag for each in packages for name, tag in each["sha256"].items()}

    found = {
        name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()
        for name in map(_name, FOLDER.rglob("*/*"))
        if name not in _OURS
    }

    assert found == known
    assert all(each["license"] and each["version"] for each in packages)
    assert all(any("LICENSE" in name for name in each["sha256"]) for each in packages)


def _name(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


async def test_the_icon_is_found_by_browsers_that_look_for_it(
    client: AsyncClient,
) -> None:
    page = Page((await client.get("/signin")).text)
    [named] = [tag["href"] for tag in page.all("link") if tag["rel"] == "icon"]

    known = await client.get(str(named))
    guessed = await client.get("/favicon.ico")

    assert known.headers["content-type"] == guessed.headers["content-type"]
    assert known.headers["content-type"] == "image/svg+xml"
    assert known.content == guessed.content and b"<script" not in known.content
    assert "immutable" in known.headers["cache-control"]
    assert guessed.headers["cache-control"] == "public, max-age=3600"


@pytest.mark.parametrize(
    "name", ["vendored.json", "..%2frender.py", "htmx%2fLICENSE", "pages.css%00", ""]
)
async def test_nothing_else_is_served(client: AsyncClient, name: str) -> None:
    answer = await client.get(f"/static/{name}")

    assert answer.status_code in (400, 404)


async def test_public_files_are_packed_for_who_takes_that_and_pages_never_are(
    client: AsyncClient,
) -> None:
    """BREACH: the length of a packed page tells of the secrets in it."""
    plain = await client.get("/static/pages.css", headers={"Accept-Encoding": ""})
    packed = await client.get("/static/pages.css", headers={"Accept-Encoding": "gzip"})
    icon = await client.get("/favicon.svg", headers={"Accept-Encoding": "gzip"})
    page = await client.get("/signin", headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in {*icon.headers, *page.headers}


@pytest.mark.parametrize(
    ("loaded", "most", "packed"),
    [(["pages.css"], 13_700, 4_000), (["pages.css", "workspace.css"], 26_200, 7_500)],
)
def test_what_a_page_loads_of_ours_stays_small(
    loaded: list[str], most: int, packed: int
) -> None:
    """What a visitor's page loads, and an operator's; docs/pages.md says why."""
    sheets = [static_file(name).content for name in loaded]

    assert sum(map(len, sheets)) <= most
    assert sum(len(gzip.compress(each, mtime=0)) for each in sheets) <= packed


def test_no_rule_is_of_a_class_that_no_page_has() -> None:
    sheets = "".join((FOLDER / n).read_text() for n in ("pages.css", "workspace.css"))
    selectors = re.findall(r"([^{}]+)\{", re.sub(r"/\*.*?\*/", "", sheets, flags=re.S))
    named = {
        name for each in selectors for name in re.findall(r"\.([a-z][\w-]*)", each)
    }
    sources = [
        p for end in ("html", "py", "js") for p in FOLDER.parent.rglob(f"*.{end}")
    ]
    words = {w for p in sources for w in re.findall(r"[\w-]+", p.read_text())}

    made = {n for k, v in _MADE.items() for n in named if re.fullmatch(f"{k}-({v})", n)}
    assert len(named) > 50
    assert named - words - made == set()
