"""Who may register clients: anybody, whoever has a token, nobody; and in production."""

import pytest
from httpx2 import AsyncClient, Response

from app.config import Settings
from app.services.clients.registration import OAuthRegistrationService
from app.services.server.runtime import Runtime
from tests.support.api import Api
from tests.support.chance import FakeClock
from tests.support.registration import WEB, options_of, unauthorized
from tests.support.tables import contents


@pytest.fixture
def mode() -> str:
    return "open"


@pytest.fixture
def options(mode: str) -> dict[str, object]:
    return options_of(mode)


class TestWithInitialAccessTokens:
    """AUTH_SERVE_OAUTH__REGISTRATION=token."""

    @pytest.fixture
    def mode(self) -> str:
        return "token"

    async def test_rfc7591_3_a_token_is_good_for_many_until_it_ends(
        self, client: AsyncClient, runtime: Runtime, clock: FakeClock
    ) -> None:
        """RFC 7591 §3: an initial access token."""
        async with runtime.unit_of_work() as uow:
            service = OAuthRegistrationService(uow, runtime)
            short, long = await service.issue_token(3_600), await service.issue_token(
                7_200
            )

        async def tried(token: str) -> int:
            headers = {"Authorization": f"Bearer {token}"}
            answer = await client.post("/oauth2/register", json=WEB, headers=headers)
            return answer.status_code

        fresh = [await tried(short), await tried(short), await tried(long)]
        clock.advance(seconds=3_600)
        later = [await tried(short), await tried(long)]
        async with runtime.unit_of_work() as uow:
            await OAuthRegistrationService(uow, runtime).revoke_token(None)

        assert fresh == [201, 201, 201]
        assert later == [401, 201]
        assert await tried(long) == 401

    async def test_without_a_token_that_holds_nothing_is_made(
        self, client: AsyncClient, runtime: Runtime, api: Api
    ) -> None:
        """RFC 7591 §3, RFC 6750 §3: a Bearer challenge, and nothing registered."""
        person = await api.admin()
        reset = runtime.secret_key.one_time_token("setup", runtime.randomness.uuid7())
        before = await contents(runtime)

        without = await client.post("/oauth2/register", json=WEB)
        wrong = [
            await client.post(
                "/oauth2/register", json=WEB, headers={"Authorization": field}
            )
            for field in (
                f"Bearer {person.tokens['access_token']}",
                f"Bearer {reset}",
                "Bearer x",
                "Bearer",
            )
        ]
        basic = await client.post("/oauth2/register", json=WEB, auth=("a", "b"))

        realm = 'Bearer realm="http://localhost:8000"'
        assert unauthorized(without) == realm
        assert unauthorized(basic) == realm
        for answer in wrong:
            assert 'error="invalid_token"' in unauthorized(answer)
            assert answer.json()["error"] == "invalid_token"
        assert await contents(runtime) == before


class TestInProduction:
    """Plain http and loopback are for development."""

    @pytest.fixture
    def settings(self, database_url: str, options: dict[str, object]) -> Settings:
        values = {
            "environment": "production",
            "public_url": "https://auth.example.com",
            "database_url": database_url,
            "secret_key": "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz",
            "jobs": False,
            "smtp": {"url": "smtp://127.0.0.1:9", "sender": "a@example.com"},
            "database": {"migrate": True},
        }
        return Settings.model_validate(values | options)

    async def test_rfc9700_2_6_http_is_for_native_clients_on_loopback_only(
        self, client: AsyncClient
    ) -> None:
        """RFC 9700 §2.6, RFC 8252 §7.3: http on loopback, for native clients."""

        async def tried(uri: str, kind: str) -> int:
            body = {"redirect_uris": [uri], "application_type": kind}
            return (await client.post("/oauth2/register", json=body)).status_code

        assert await tried("http://localhost/cb", "web") == 400
        assert await tried("http://127.0.0.1/cb", "web") == 400
        assert await tried("http://app.localhost/cb", "native") == 400
        assert await tried("com.example.app:/cb", "web") == 400
        assert await tried("http://127.0.0.1/cb", "native") == 201
        assert await tried("http://localhost/cb", "native") == 201
        assert await tried("com.example.app:/cb", "native") == 201


class TestOff:
    """AUTH_SERVE_OAUTH__REGISTRATION=off, which is the default."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {}

    async def test_t188_nobody_registers_unless_the_operator_says_so(
        self, client: AsyncClient, runtime: Runtime
    ) -> None:
        before = await contents(runtime)
        metadata = "/.well-known/openid-configuration"

        answer = await client.post("/oauth2/register", json=WEB)

        assert answer.status_code == 404
        assert answer.json()["error"] == "invalid_request"
        assert "registration_endpoint" not in (await client.get(metadata)).json()
        assert await contents(runtime) == before


class TestFromManyAddresses:
    """AUTH_SERVE_LIMITS__REGISTRATION_STORED, for all strangers together."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        limits = {"registration_address": "2/3600", "registration_stored": "3/3600"}
        return {
            **options_of("open"),
            "limits": limits,
            "trusted_proxies": ["192.0.2.1"],
        }

    async def test_all_strangers_together_have_a_limit(
        self, client: AsyncClient, runtime: Runtime, clock: FakeClock
    ) -> None:
        """And whoever brings an initial access token is none of them."""
        async with runtime.unit_of_work() as uow:
            service = OAuthRegistrationService(uow, runtime)
            token = await service.issue_token(7_200, vouches=False)

        async def tried(site: int, **more: str) -> Response:
            headers = {"X-Forwarded-For": f"198.51.{site}.1", **more}
            return await client.post("/oauth2/register", json=WEB, headers=headers)

        async def count() -> int:
            return len((await contents(runtime))["oauth_clients"])

        invited = await tried(9, Authorization=f"Bearer {token}")
        first = [(await tried(site)).status_code for site in (1, 1, 1, 2)]
        made = await count()
        forged = {"Authorization": "Bearer forged"}
        refusals = [await tried(3), await tried(4, **forged)]
        others = [await tried(5, Authorization=f"Bearer {token}")]
        clock.advance(seconds=1_200)
        later = await tried(6)

        assert invited.status_code == 201
        assert first == [201, 201, 429, 201]  # the third is of one address too many
        assert "registration_stored" not in invited.headers["ratelimit"]
        assert made == 4
        for answer in refusals:
            assert answer.status_code == 429
            assert answer.json()["error"] == "temporarily_unavailable"
            assert 1 <= int(answer.headers["retry-after"]) <= 1_200
            assert answer.headers["ratelimit"].startswith('"registration_stored";r=0')
        assert [answer.status_code for answer in others] == [201]
        assert later.status_code == 201


async def test_rfc8414_2_registration_is_published_where_it_is_open(
    client: AsyncClient,
) -> None:
    """RFC 8414 §2, OIDC Discovery §3: registration_endpoint, where there is one."""
    metadata = (await client.get("/.well-known/openid-configuration")).json()

    uri = "http://localhost:8000/oauth2/register"
    assert metadata["registration_endpoint"] == uri
