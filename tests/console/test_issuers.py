"""Trusted issuers in the console: made by platform, tested, changed, deleted."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.oauth.grants.jwt_bearer import JwtBearer
from app.services.clients.client import OAuthClientService
from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.support.api import Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.workloads.issuers import GitHubActions
from tests.workloads.support import OPTIONS

LIST, NEW = "/admin/issuers", "/admin/issuers/new"
GITHUB = "https://token.actions.githubusercontent.com"
CI = f"{LIST}/one/ci"
OWN = {"algorithms": "RS256 ES256", "max_lifetime": "600", "single_use": "on"}
ON_GITHUB = {
    **OWN,
    "name": "ci",
    "issuer": GITHUB,
    "repository": "acme/app",
    "environment": "production",
    "branch": "rel-*",
    "client_id": "deployer",
}


@pytest.fixture
def options() -> dict[str, object]:
    return OPTIONS


@pytest.fixture
def issuer() -> Iterator[GitHubActions]:
    """Jobs that are on this machine, over real HTTP."""
    with GitHubActions() as server:
        yield server


@pytest.fixture(autouse=True)
async def deployer(runtime: Runtime) -> None:
    """What workloads act as."""
    metadata: dict[str, Any] = {
        "grant_types": [JwtBearer.name],
        "redirect_uris": [],
        "token_endpoint_auth_method": "none",
        "scope": "orders:read",
    }
    async with runtime.unit_of_work() as uow:
        await OAuthClientService(uow, runtime).create(metadata, {}, "deployer")


async def send(visitor: Visitor, path: str, at: str, **fields: str) -> Any:
    return await visitor.post(path, await visitor.hidden(at) | fields)


async def stored(runtime: Runtime, name: str = "ci") -> Any:
    async with runtime.unit_of_work(read_only=True) as uow:
        row = await uow.trusted_issuers.by_name(name)
    assert row is not None
    return row


async def rules(runtime: Runtime) -> list[Any]:
    """Return the conditions of each rule."""
    told = (await stored(runtime)).document["rules"]
    return [[_said(one) for one in each["conditions"]] for each in told]


def _said(condition: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in condition.items() if value is not None}


@pytest.fixture
async def ci(visitor: Visitor, admin: Person) -> None:
    """GitHub Actions, trusted by an administrator."""
    made = await send(visitor, f"{NEW}/github", f"{NEW}/github", **ON_GITHUB)
    assert made.headers.get("location") == f"{CI}?done=made", made.text


async def test_an_issuer_is_trusted_changed_and_deleted(
    visitor: Visitor, runtime: Runtime, ci: None
) -> None:
    first = await stored(runtime)
    listed, old = (await visitor.get(LIST)).text, await visitor.hidden(CI)
    own = {each: text for each, text in old.items() if each != "rule"}
    changed = {**own, **OWN, "audiences": "a\nb", "max_lifetime": "900"}
    saved = await visitor.post(CI, changed)
    late = await visitor.post(CI, changed)
    second = await stored(runtime)
    off = await send(visitor, f"{CI}/status", CI, status="disabled")
    disabled = (await stored(runtime)).status
    await send(visitor, f"{CI}/status", CI, status="active")
    wrong = await send(visitor, f"{CI}/delete", CI, typed="other")
    enabled = (await stored(runtime)).status
    deleted = await send(visitor, f"{CI}/delete", CI, typed="ci")

    assert first.issuer == GITHUB and first.document["single_use"]
    assert [_said(each) for each in first.document["rules"][0]["conditions"]] == [
        {"claim": "repository", "equals": "acme/app"},
        {"claim": "environment", "equals": "production"},
        {"claim": "ref", "glob": "refs/heads/rel-*"},
    ]
    assert GITHUB in listed and saved.headers["location"] == f"{CI}?done=saved"
    assert second.document["audiences"] == ["a", "b"]
    assert second.document["rules"] == first.document["rules"]
    assert (late.status_code, wrong.status_code) == (412, 422)
    assert off.headers["location"].endswith("?done=disabled")
    assert (disabled, enabled) == ("disabled", "active")
    assert deleted.headers["location"] == f"{LIST}?done=deleted"
    assert (await visitor.get(CI)).status_code == 404


async def test_rules_are_added_changed_moved_and_removed(
    visitor: Visitor, runtime: Runtime, ci: None
) -> None:
    path = f"{CI}/rules"
    odd = '{"claim": "run_attempt", "equals": 1}'
    typed = {"client_id": "deployer", "scope": "orders:read"}
    lines = f"repository_id = 74\n{odd}\n/a~1b ~ v*"
    await send(visitor, path, CI, rule="new", conditions=lines, **typed)
    added, page = await rules(runtime), (await visitor.get(CI)).text
    await send(visitor, path, CI, rule="1", up="on", **typed)
    moved = await rules(runtime)
    only = "repository_id=75"
    await send(visitor, path, CI, rule="0", conditions=only, **typed)
    changed = await rules(runtime)
    await send(visitor, path, CI, rule="1", remove="on", **typed)
    left = await rules(runtime)
    last = await send(visitor, path, CI, rule="0", remove="on", **typed)

    assert added[1] == [
        {"claim": "repository_id", "equals": "74"},
        {"claim": "run_attempt", "equals": 1},
        {"claim": "/a~1b", "glob": "v*"},
    ]
    assert "repository_id = 74" in page and "/a~1b ~ v*" in page
    assert "run_attempt&#34;" in page  # a number stays one
    assert moved == [added[1], added[0]]
    assert [each["equals"] for each in changed[0]] == ["75"] and changed[1] == added[0]
    assert left == changed[:1]
    assert last.status_code == 422 and "whom tokens of this issuer" in last.text
    assert await rules(runtime) == left


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("name", "Not a name", ""),
        ("issuer", "http://ci.example.com", "https URL"),
        ("issuer", "http://localhost:8000", "is this server itself"),
        ("client_id", "nobody", "Is of no client"),
        ("conditions", "a word", "This line cannot be read: a word"),
        ("conditions", '{"claim": 1}', "This line cannot be read"),
        ("conditions", "aud = me", "tells nobody apart"),
        ("scope", "openid", "must not be about people"),
        ("resources", "https://a.example.com", "the client may not ask for"),
        ("user_id", "somebody", ""),
        ("user_id", "0" * 32, "Is of no account"),
        ("jwks", "{", "This cannot be read as JSON"),
        ("jwks", "{}", "JWK Set"),
        ("jwks", '{"keys": [{"kty": "RSA", "e": NaN}]}', "cannot be read as JSON"),
        ("jwks", '{"keys": [{"kty": "\\ud800"}]}', "cannot be read as JSON"),
        ("jwks", '{"keys": [{"kty": "\\u0000"}]}', "cannot be read as JSON"),
        ("jwks", '{"keys": [], "keys": [{}]}', "cannot be read as JSON"),
        ("jwks_uri", "https://10.0.0.1/keys", "may not call"),
        ("algorithms", "none", "Must be some of"),
        ("max_lifetime", "soon", ""),
        ("max_lifetime", "9" * 5_000, ""),
    ],
)
async def test_what_cannot_be_is_said_at_its_field_and_makes_nothing(
    visitor: Visitor, admin: Person, runtime: Runtime, field: str, text: str, said: str
) -> None:
    path = f"{NEW}/github"

    answer = await send(visitor, path, path, **ON_GITHUB | {field: text})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert said.casefold() in answer.text.casefold()
    async with runtime.unit_of_work(read_only=True) as uow:
        assert await uow.trusted_issuers.count() == 0


async def test_whose_jobs_are_meant_has_to_be_said_of_a_shared_issuer(
    visitor: Visitor, admin: Person
) -> None:
    path = f"{NEW}/other"
    fields = {**OWN, "name": "ci", "issuer": GITHUB, "client_id": "deployer"}

    answer = await send(visitor, path, path, **fields, conditions="ref = refs/heads/a")

    assert answer.status_code == 422
    assert "since anybody has tokens of this issuer" in answer.text
    assert 'id="conditions-error"' in answer.text


async def test_what_is_wrong_with_another_rule_is_said_with_its_number(
    visitor: Visitor, runtime: Runtime, ci: None
) -> None:
    async with runtime.unit_of_work() as uow:
        row = await uow.oauth_clients.by_client_id("deployer")
        assert row is not None
        row.document = {**row.document, "grant_types": ["client_credentials"]}

    answer = await send(visitor, CI, CI, **OWN)

    assert answer.status_code == 422
    assert "Rule 1: Is of a client without the grant type" in answer.text


async def test_pods_of_a_cluster_are_told_apart_by_their_service_account(
    visitor: Visitor, admin: Person, runtime: Runtime, issuer: GitHubActions
) -> None:
    path = f"{NEW}/kubernetes"
    usual = {each: text for each, text in OWN.items() if each != "single_use"}
    own = {"name": "ci", "issuer": issuer.url, "client_id": "deployer"}

    made = await send(
        visitor, path, path, **usual, **own, namespace="ci", service_account="push"
    )

    assert made.headers["location"] == f"{CI}?done=made", made.text
    assert [each["equals"] for each in (await rules(runtime))[0]] == [
        *("ci", "system:serviceaccount:ci:push")
    ]
    assert not (await stored(runtime)).document["single_use"]


async def test_a_test_says_what_was_seen_and_what_a_token_is_good_for(
    visitor: Visitor,
    admin: Person,
    runtime: Runtime,
    issuer: GitHubActions,
    clock: FakeClock,
) -> None:
    fields = ON_GITHUB | {"issuer": issuer.url, "repository": "octo-org/*"}
    fields |= {"environment": "prod", "branch": "main"}
    await send(visitor, f"{NEW}/github", f"{NEW}/github", **fields)
    now, here = int(clock.now().timestamp()), runtime.settings.public_url
    good, foreign = issuer.token(here, now), issuer.token("https://else.example", now)

    well = await send(visitor, f"{CI}/test", CI)
    fits = await send(visitor, f"{CI}/token", CI, token=good)
    again = await send(visitor, f"{CI}/token", CI, token=good)
    refused = await send(visitor, f"{CI}/token", CI, token=foreign)
    issuer.said = {"issuer": "https://evil.example"}
    other = await send(visitor, f"{CI}/test", CI)

    assert well.status_code == 200
    assert f"its keys are at {issuer.url}/.well-known/jwks" in well.text
    assert "1 keys, 1 of them for RS256 ES256" in well.text
    assert "deployer" in fits.text and "octo-org/octo-repo:environment" in fits.text
    assert again.text.count("octo-repo:environment") == 1  # not used up
    assert "octo-repo:environment" not in refused.text and "aud" in refused.text
    assert good not in fits.text and foreign not in refused.text
    assert "the discovery document is of another issuer" in other.text
    assert "its keys are at" not in other.text


async def test_who_may_only_look_changes_nothing_and_asks_nobody(
    visitor: Visitor, runtime: Runtime, ci: None, holder: Holder
) -> None:
    first = await stored(runtime)
    await holder("trusted-issuers:read")
    form = await visitor.hidden("/account/profile") | {"version": str(first.version)}

    page = await visitor.get(CI)
    answers = [
        await visitor.post(f"{NEW}/github", form | ON_GITHUB | {"name": "b"}),
        await visitor.post(CI, form | OWN),
        await visitor.post(f"{CI}/rules", form | {"rule": "0", "client_id": "x"}),
        await visitor.post(f"{CI}/status", form | {"status": "disabled"}),
        await visitor.post(f"{CI}/test", form),
        await visitor.post(f"{CI}/token", form | {"token": "a.b.c"}),
        await visitor.post(f"{CI}/delete", form | {"typed": "ci"}),
    ]

    assert page.status_code == 200 and "repository = acme/app" in page.text
    assert f'action="{CI}' not in page.text
    assert {each.status_code for each in answers} == {403}
    assert (await stored(runtime)).version == first.version


async def test_a_change_asks_for_a_sign_in_of_just_now(
    visitor: Visitor, runtime: Runtime, ci: None, clock: FakeClock
) -> None:
    first = await stored(runtime)
    clock.advance(hours=1)

    answers = [
        await send(visitor, f"{NEW}/github", f"{NEW}/github", **ON_GITHUB),
        await send(visitor, CI, CI, **OWN),
        await send(visitor, f"{CI}/rules", CI, rule="0", client_id="x"),
        await send(visitor, f"{CI}/status", CI, status="disabled"),
        await send(visitor, f"{CI}/test", CI),
        await send(visitor, f"{CI}/token", CI, token="a.b.c"),
        await send(visitor, f"{CI}/delete", CI, typed="ci"),
    ]

    places = [each.headers["location"] for each in answers]
    assert all(each.startswith("/signin?to=console.issuers.") for each in places)
    assert (await stored(runtime)).version == first.version
