"""Machines of clouds get tokens for their own, by what each cloud's token says.

Google Cloud: "Verify VM identity". Azure: "Access token claims reference", v2.0, of a
managed identity. AWS: "Understanding token claims" of outbound identity federation.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.chance import FakeClock
from tests.support.oauth import Protocol
from tests.workloads.issuers import WorkloadIssuer
from tests.workloads.support import OPTIONS, ask, deployer, refused, trust

HERE = "http://localhost:8000"
HOUR, DAY = 3_600, 86_400
GOOGLE: dict[str, Any] = {
    "aud": HERE,
    "azp": "113774264463038321964",
    "email": "vm@project.iam.gserviceaccount.com",
    "email_verified": True,
    "sub": "113774264463038321964",
}
AZURE: dict[str, Any] = {
    "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
    "aio": "E2NgYPj",
    "azp": "0b2a4f5e-2f0c-4d0e-a0c8-8f4d5a0a6a57",
    "azpacr": "2",
    "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
    "rh": "0.ARwAwjS8",
    "sub": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
    "tid": "fa15d692-e9c7-4460-a743-29f2956fd429",
    "uti": "JcIvzMYgq0Sx",
    "ver": "2.0",
}
AWS: dict[str, Any] = {
    "aud": HERE,
    "sub": "arn:aws:iam::123456789012:role/Deployer",
    "jti": "xyz123-def456-ghi789-jkl012",
    "https://sts.amazonaws.com/": {"aws_account": "123456789012"},
}


@pytest.fixture
def options() -> dict[str, object]:
    return OPTIONS


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: the statements are those of other tests."""
    return sqlite_url


@pytest.fixture
def cloud() -> Iterator[WorkloadIssuer]:
    with WorkloadIssuer() as server:
        yield server


@pytest.mark.parametrize(
    ("claims", "life", "chosen"),
    [
        (GOOGLE, HOUR, {"single_use": False}),
        (
            AZURE,
            DAY,
            {"single_use": False, "max_lifetime": DAY, "audiences": [AZURE["aud"]]},
        ),
        (AWS, 900, {}),
    ],
    ids=["google", "azure", "aws"],
)
async def test_a_machine_of_a_cloud_gets_a_token_without_a_secret(
    protocol: Protocol,
    cloud: WorkloadIssuer,
    clock: FakeClock,
    claims: dict[str, Any],
    life: int,
    chosen: dict[str, Any],
) -> None:
    """RFC 7523 §2.1: as docs/workloads.md says each is trusted."""
    app = await deployer(protocol)
    conditions = [{"claim": "sub", "equals": claims["sub"]}]
    rule = {"conditions": conditions, "client_id": app.client_id}
    await trust(protocol.runtime, cloud, rule, **chosen)
    now = int(clock.now().timestamp())
    said = {"iss": cloud.url, "iat": now, "exp": now + life} | claims

    stranger = await refused(protocol, cloud.sign(said | {"sub": "somebody else"}))
    answer = await ask(protocol, cloud.sign(said))

    assert "rule" in stranger
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == "orders:read orders:write"
