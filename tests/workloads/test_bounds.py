"""How often a workload may act for a person, and issuers that were taken before."""

from collections.abc import Iterator

import pytest

from tests.support.chance import FakeClock
from tests.support.oauth import Protocol
from tests.workloads.issuers import GitHubActions, Kubernetes
from tests.workloads.support import (
    ON_GITHUB,
    ON_KUBERNETES,
    OPTIONS,
    ask,
    deployer,
    refused,
    trust,
)

HERE = "http://localhost:8000"


@pytest.fixture
def options() -> dict[str, object]:
    return OPTIONS


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: the statements are those of other tests."""
    return sqlite_url


@pytest.fixture
def github() -> Iterator[GitHubActions]:
    with GitHubActions() as server:
        yield server


@pytest.fixture
def kubernetes() -> Iterator[Kubernetes]:
    with Kubernetes() as server:
        yield server


def _now(clock: FakeClock) -> int:
    return int(clock.now().timestamp())


class TestHowOften:
    """A token without jti may come as often as anybody likes."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return OPTIONS | {"limits": {"workload_subject": "2/60"}}

    async def test_one_subject_makes_a_bounded_number_of_grants(
        self, protocol: Protocol, kubernetes: Kubernetes, clock: FakeClock
    ) -> None:
        app, user = await deployer(protocol), await protocol.api.users()
        rule = {
            "conditions": ON_KUBERNETES,
            "client_id": app.client_id,
            "user_id": user.id,
        }
        await trust(protocol.runtime, kubernetes, rule, single_use=False)
        token = kubernetes.token(f"{HERE}/oauth2/token", _now(clock))

        answers = [await ask(protocol, token) for _ in range(3)]
        clock.advance(seconds=60)
        later = await ask(protocol, token)

        assert [each.status_code for each in answers] == [200, 200, 429]
        assert int(answers[-1].headers["retry-after"]) <= 60
        assert later.status_code == 200
        assert len(await protocol.events("oauth.workload_acted")) == 3


async def test_an_issuer_that_rules_of_today_refuse_is_believed_no_more(
    protocol: Protocol,
    github: GitHubActions,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """RFC 8725 §3: a glob was stored that this version would not take."""
    app = await deployer(protocol)
    rule = {"conditions": ON_GITHUB, "client_id": app.client_id}
    await trust(protocol.runtime, github, rule)
    async with protocol.runtime.unit_of_work() as uow:
        row = await uow.trusted_issuers.by_name("ci", lock=True)
        assert row is not None
        stored = [{"claim": "repository", "glob": "**"}]
        rules = [{**row.document["rules"][0], "conditions": stored}]
        row.document = {**row.document, "rules": rules}
    protocol.runtime.trusted_issuers.forget()

    await refused(protocol, github.token(HERE, _now(clock)))

    assert "an issuer is not trusted as it is stored" in caplog.text
