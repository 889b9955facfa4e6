"""A workload's token counts once, whichever process it is sent to and how often."""

from httpx2 import AsyncClient

from app.oauth.grants.jwt_bearer import JwtBearer
from tests.races.crowd import assert_one_success, crowd
from tests.support.api import Api
from tests.support.oauth import Protocol
from tests.workloads.issuers import GitHubActions
from tests.workloads.support import ON_GITHUB, deployer, trust


async def test_f39_a_jti_is_taken_once(api: Api, both: list[AsyncClient]) -> None:
    """RFC 7523 §3: fifty at once, one token."""
    app = await deployer(Protocol(api), scope="orders:read")
    with GitHubActions() as github:
        rule = {"conditions": ON_GITHUB, "client_id": app.client_id}
        await trust(api.runtime, github, rule, jwks=github.jwks)
        now = int(api.runtime.clock.now().timestamp())
        assertion = github.token(api.runtime.settings.public_url, now)
    body = {"grant_type": JwtBearer.name, "assertion": assertion}

    answers = await crowd(both, "/oauth2/token", [body] * 50, form=True)

    assert_one_success(answers, 200)
