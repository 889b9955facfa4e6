"""``/docs``: our own files under a strict policy, and production hides them."""

import pytest

from app.pages.parts.render import CSP
from tests.support.api import Api


async def test_the_page_loads_only_our_own_files_under_a_strict_policy(
    api: Api,
) -> None:
    page = await api.client.get("/docs")
    script = await api.client.get("/static/swagger/start.js")
    missing = await api.client.get("/static/swagger/LICENSE")

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
