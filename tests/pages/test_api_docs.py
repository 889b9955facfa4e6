"""``/docs``: the files are what they claim to be, and production hides them."""

import hashlib
import json
from pathlib import Path

import pytest

from app.pages.parts.render import CSP
from tests.support.api import Api

FILES = Path(__file__).parents[2] / "app" / "pages" / "static" / "swagger"


def test_every_vendored_file_is_the_one_in_the_manifest() -> None:
    manifest = json.loads((FILES / "manifest.json").read_text())

    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in FILES.iterdir()
        if path.name not in ("manifest.json", "start.js")
    }

    assert found == manifest["sha256"]
    assert manifest["license"] == "Apache-2.0"


async def test_the_page_loads_only_our_own_files_under_a_strict_policy(
    api: Api,
) -> None:
    page = await api.client.get("/docs")
    script = await api.client.get("/static/swagger/start.js")
    missing = await api.client.get("/static/swagger/manifest.json")

    policy = page.headers["content-security-policy"]
    assert "'unsafe" not in policy and "'unsafe" not in CSP
    assert "//" not in page.text.replace("<!DOCTYPE", "")
    assert script.headers["content-type"].startswith("text/javascript")
    assert missing.status_code == 404


class TestSwitchedOff:
    """What an operator who switched the documents off shows."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """Settings of these tests."""
        return {"docs": False}

    async def test_nothing_of_the_document_is_served(self, api: Api) -> None:
        paths = ("/docs", "/openapi.json", "/static/swagger/swagger-ui.css")

        answers = [await api.client.get(path) for path in paths]

        assert [answer.status_code for answer in answers] == [404] * 3
