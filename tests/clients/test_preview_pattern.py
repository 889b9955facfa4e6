"""Patterns of redirect URIs: whose hosts they may lead to, and when that is judged."""

import pytest
from httpx2 import AsyncClient
from sqlalchemy import update

from app.config import Settings
from app.core.exceptions import Unprocessable
from app.models import OAuthClient
from app.services.clients.choices import check_pattern
from app.services.server.runtime import Runtime
from tests.conftest import SECRET
from tests.support.api import Api, Person
from tests.support.client import fields, make, seen
from tests.support.registration import WEB, refused, register


@pytest.fixture
async def admin(api: Api) -> Person:
    return await api.admin()


class TestPreviewDeployments:
    """Patterns of redirect URIs, where the operator owns a domain for previews."""

    @pytest.fixture
    def options(self, options: dict[str, object]) -> dict[str, object]:
        ours = {"preview_hosts": "preview.example.com", "registration": "open"}
        return options | {"oauth": ours}

    async def test_an_administrator_gives_a_pattern_and_takes_it_away(
        self, api: Api, runtime: Runtime, admin: Person
    ) -> None:
        patterns = ["https://*.preview.example.com/cb"]
        await make(api, admin, redirect_uri_patterns=patterns)
        assert (await seen(runtime)).redirect_uri_patterns == tuple(patterns)

        changed = await api.patch(
            "/clients/shop", {"redirect_uri_patterns": None}, admin
        )

        assert changed.json()["redirect_uri_patterns"] is None
        assert (await seen(runtime)).redirect_uri_patterns == ()

    async def test_a_pattern_elsewhere_is_refused(
        self, api: Api, admin: Person
    ) -> None:
        await make(api, admin)
        patterns = ["https://*.example.com/cb"]
        refused = await api.patch(
            "/clients/shop", {"redirect_uri_patterns": patterns}, admin
        )
        assert fields(refused) == ["redirect_uri_patterns"]

    async def test_nobody_else_gives_themselves_one(
        self, client: AsyncClient, runtime: Runtime
    ) -> None:
        """RFC 9700 §4.1.1: where a stranger's answers go is written out in full."""
        pattern = "https://*.preview.example.com/cb"
        told = await register(client, redirect_uri_patterns=[pattern])
        body = WEB | {"redirect_uris": [pattern]}
        answer = await client.post("/oauth2/register", json=body)

        found = await seen(runtime, told["client_id"])
        assert found.redirect_uri_patterns == ()
        assert "redirect_uri_patterns" not in told
        assert refused(answer) == "invalid_redirect_uri"


class TestPatternsOfBefore:
    """What is stored is judged by each process that goes by it."""

    @pytest.fixture
    def options(self, options: dict[str, object]) -> dict[str, object]:
        return options | {"oauth": {"preview_hosts": "amazonaws.com"}}

    async def test_a_pattern_that_rules_of_today_refuse_is_not_used(
        self,
        api: Api,
        runtime: Runtime,
        admin: Person,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """RFC 9700 §4.1.1: a suffix became public since; its hosts are strangers'."""
        await make(api, admin)
        patterns = ["https://*.s3.amazonaws.com/cb", "https://*.x.amazonaws.com/cb"]
        async with runtime.unit_of_work() as uow:
            change = update(OAuthClient).values(redirect_uri_patterns=patterns)
            await uow.db.execute(change)
        runtime.clients.forget("shop")

        left = (await seen(runtime)).redirect_uri_patterns

        assert left == (patterns[1],)
        assert "a pattern of redirect URIs is not used" in caplog.text


@pytest.mark.parametrize(
    ("pattern", "owned"),
    [
        ("https://*.s3.amazonaws.com/cb", "amazonaws.com"),
        ("https://*.bucket.s3.amazonaws.com/cb", "amazonaws.com"),
        ("https://*.a.run.app/cb", "run.app"),
        ("https://*.blob.core.windows.net/cb", "windows.net"),
    ],
)
def test_no_pattern_is_where_strangers_may_have_hosts(pattern: str, owned: str) -> None:
    """RFC 9700 §4.1.1: a code goes nowhere but to the application."""
    with pytest.raises(Unprocessable):
        check_pattern(pattern, [owned])

    check_pattern("https://*.shop.preview.example.com/cb", ["preview.example.com"])


@pytest.mark.parametrize("name", ["github.io", "co.uk", "com", "vercel.app", "-x.de"])
def test_nobody_owns_a_public_suffix(name: str) -> None:
    with pytest.raises(ValueError, match="preview_hosts"):
        Settings.model_validate(
            {"secret_key": SECRET, "oauth": {"preview_hosts": [name]}}
        )
