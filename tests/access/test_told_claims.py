"""What clients and APIs are told by an administrator's choice."""

from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import delete

from app.core import jose
from app.models import GroupMember, User
from app.oauth.clients.resource import Resource
from app.services.server.runtime import Runtime
from tests.access.conftest import MakeGroup
from tests.factories.resource import ResourceFactory
from tests.security.test_access_control import manager
from tests.support.api import Api
from tests.support.oauth import Protocol

SCOPE = "openid email profile groups roles"
CHOSEN = ["email", "email_verified", "groups"]
API = "https://api.example.com/"
NAMED = Resource(identifier=API)


def mapping(claim: str, source: str = "groups", **more: Any) -> dict[str, Any]:
    return {"claim": claim, "source": source, **more}


def read(token: str) -> dict[str, Any]:
    return jose.unverified_claims(token)


@pytest.fixture
async def ann(protocol: Protocol, make_group: MakeGroup) -> User:
    """Somebody who is in two groups."""
    user = await protocol.api.users(email="ann@example.com")
    await make_group("ops", user.id)
    await make_group("app-x", user.id)
    return user


async def test_the_id_token_has_what_was_chosen_and_granted(
    protocol: Protocol, ann: User
) -> None:
    """OIDC Core §2: an ID token MAY contain other claims; Kubernetes reads no other."""
    app = await protocol.apps(scope=SCOPE, columns={"id_token_claims": CHOSEN})

    whole = await protocol.signed_in(app, "openid email groups", user=ann)
    less = await protocol.signed_in(app, "openid email", user=ann)
    after = await protocol.refresh(app, whole.refresh_token)

    told = {"email": "ann@example.com", "email_verified": True}
    groups = {"groups": ["app-x", "ops"]}
    for tokens, wanted in ((whole.tokens, told | groups), (less.tokens, told)):
        claims = read(tokens["id_token"])
        assert {n: claims[n] for n in CHOSEN if n in claims} == wanted
        assert "name" not in claims and "roles" not in claims
    assert read(after.json()["id_token"])["groups"] == groups["groups"]


async def test_a_refreshed_token_has_no_group_that_was_left(
    protocol: Protocol, ann: User
) -> None:
    """T037: CVE-2026-43983, a refresh ignored groups that were withdrawn."""
    app = await protocol.apps(scope=SCOPE, columns={"id_token_claims": CHOSEN})
    signed_in = await protocol.signed_in(app, "openid groups", user=ann)
    await protocol.change(delete(GroupMember))

    after = await protocol.refresh(app, signed_in.refresh_token)

    assert read(after.json()["id_token"])["groups"] == []


async def test_mappings_of_a_client_are_told_at_userinfo_and_where_chosen(
    protocol: Protocol, ann: User
) -> None:
    mappings = [
        mapping("access.teams", format="nested", prefix="sso:", values=["app-*"]),
        mapping("login", "email"),
    ]
    columns = {"claim_mappings": mappings, "id_token_claims": ["access"]}
    app = await protocol.apps(scope=SCOPE, columns=columns)
    signed_in = await protocol.signed_in(app, "openid email groups", user=ann)

    told = (await protocol.userinfo(signed_in.access)).json()
    identity = read(signed_in.tokens["id_token"])

    assert told["access"] == identity["access"] == {"teams": ["sso:app-x"]}
    assert told["login"] == "ann@example.com" and "login" not in identity
    assert told["sub"] == identity["sub"] == str(ann.id)
    assert "access" not in read(signed_in.access)


async def test_access_tokens_have_what_their_resource_wants_and_no_other(
    protocol: Protocol, runtime: Runtime, ann: User
) -> None:
    """RFC 9068 §2.2.2: further claims, where the API needs them."""
    await ResourceFactory(runtime)(
        API, scopes={"read": "Read"}, access="any", claims=[mapping("teams")]
    )
    app = await protocol.apps(scope=SCOPE)
    scope = "openid groups read"

    signed_in = await protocol.signed_in(app, scope, user=ann, resources=(NAMED,))
    without = await protocol.signed_in(app, "openid groups", user=ann)
    ungranted = await protocol.signed_in(
        app, "openid read", user=ann, resources=(NAMED,)
    )

    assert read(signed_in.access)["teams"] == ["app-x", "ops"]
    assert "teams" not in read(without.access)
    assert "teams" not in read(ungranted.access)


async def test_introspection_answers_username_and_mapped_claims_of_the_moment(
    protocol: Protocol, runtime: Runtime, ann: User
) -> None:
    """RFC 7662 §2.2: ``username``, and members of the service's own."""
    claims = [mapping("teams"), mapping("active_mail", "email")]
    scopes = {"read": "Read"}
    await ResourceFactory(runtime)(API, scopes=scopes, access="any", claims=claims)
    columns = {"is_resource_server": True, "audience": API}
    api = await protocol.apps(columns=columns)
    app = await protocol.apps(scope=SCOPE)
    scope = "openid email groups read"
    signed_in = await protocol.signed_in(app, scope, user=ann, resources=(NAMED,))
    private = await protocol.signed_in(app, "openid read", user=ann, resources=(NAMED,))

    known = (await protocol.introspect(api, signed_in.access)).json()
    await protocol.change(delete(GroupMember))
    later = (await protocol.introspect(api, signed_in.access)).json()
    hidden = (await protocol.introspect(api, private.access)).json()

    assert known["active"] and known["username"] == "ann@example.com"
    assert (known["teams"], later["teams"]) == (["app-x", "ops"], [])
    assert known["active_mail"] == "ann@example.com"
    assert hidden["active"] and not {"username", "teams"} & hidden.keys()


async def test_a_token_refreshed_for_less_tells_less(
    protocol: Protocol, runtime: Runtime, ann: User
) -> None:
    """RFC 6749 §6, RFC 7662 §2.2: a token tells what its own scope stands for."""
    claims = [mapping("teams"), mapping("mail", "email"), mapping("may", "scope")]
    await ResourceFactory(runtime)(
        API, scopes={"read": "Read", "pay": "Pay"}, access="any", claims=claims
    )
    columns = {"is_resource_server": True, "audience": API}
    api = await protocol.apps(columns=columns)
    app = await protocol.apps(scope=SCOPE)
    scope = "openid email groups read pay"
    signed_in = await protocol.signed_in(app, scope, user=ann, resources=(NAMED,))

    async def told(token: str, asked: str) -> tuple[str, dict[str, Any], set[str]]:
        fresh = (await protocol.refresh(app, token, scope=asked)).json()
        access = fresh["access_token"]
        known = (await protocol.introspect(api, access)).json()
        assert known["active"] and not {"person_scope"} & known.keys()
        itself = {name: read(access).get(name) for name in ("teams", "mail")}
        assert itself == {name: known.get(name) for name in ("teams", "mail")}
        names = {"username", "teams", "mail"} & known.keys()
        return fresh["refresh_token"], known, names

    token, bare, names = await told(signed_in.refresh_token, "read")
    assert names == set() and bare["may"] == ["read"]
    token, some, names = await told(token, "openid groups read")
    assert names == {"teams"} and "pay" not in some["may"]
    _, _, names = await told(token, scope)
    assert names == {"username", "teams", "mail"}


@pytest.mark.parametrize("is_confirmed", [True, False])
async def test_an_address_that_nobody_confirmed_passes_for_nobody(
    protocol: Protocol, runtime: Runtime, is_confirmed: bool
) -> None:
    """RFC 7662 §2.2, OIDC Core §5.7: nobody becomes the owner of another's address."""
    claims = [mapping("login", "email"), mapping("email", "email")]
    await ResourceFactory(runtime)(API, access="any", claims=claims)
    columns = {"is_resource_server": True, "audience": API}
    api = await protocol.apps(columns=columns)
    columns = {"claim_mappings": claims[:1], "id_token_claims": ["login"]}
    app = await protocol.apps(scope=SCOPE, columns=columns)
    mallory = await protocol.api.users(
        email="ceo@example.com", email_verified=is_confirmed
    )
    scope = "openid email profile read"
    signed_in = await protocol.signed_in(app, scope, user=mallory, resources=(NAMED,))
    plain = await protocol.signed_in(app, "openid email", user=mallory)

    known = (await protocol.introspect(api, signed_in.access)).json()
    access, identity = read(signed_in.access), read(signed_in.tokens["id_token"])
    userinfo = (await protocol.userinfo(plain.access)).json()

    said = "ceo@example.com" if is_confirmed else None
    assert known["active"] and known.get("username") == said
    for claims_told in (known, access, identity, userinfo):
        assert claims_told.get("login") == said
    for claims_told in (known, access, userinfo):
        assert claims_told["email"] == "ceo@example.com"
    assert userinfo["email_verified"] is is_confirmed


async def test_a_token_that_groups_would_make_too_large_has_none_and_says_so(
    protocol: Protocol, make_group: MakeGroup, caplog: pytest.LogCaptureFixture
) -> None:
    user = await protocol.api.users()
    for number in range(80):
        await make_group(f"{number:03}{'x' * 120}", user.id)
    app = await protocol.apps(scope=SCOPE, columns={"id_token_claims": ["groups"]})

    signed_in = await protocol.signed_in(app, "openid groups", user=user)

    claims = read(signed_in.tokens["id_token"])
    assert "groups" not in claims and claims["claims_left_out"] == ["groups"]
    assert len((await protocol.userinfo(signed_in.access)).json()["groups"]) == 80
    assert "a token was too large" in caplog.text


async def changed(api: Api, client_id: str, body: Any) -> Response:
    admin = await api.admin()
    return await api.patch(f"/clients/{client_id}", body, admin)


async def test_what_would_replace_the_protocol_s_claims_is_refused(
    protocol: Protocol,
) -> None:
    app = await protocol.apps()
    for body, code in (
        ({"id_token_claims": ["sub"]}, "protected_claim"),
        ({"claim_mappings": [mapping("iss")]}, "invalid_claim_mapping"),
        ({"claim_mappings": [mapping("x", "password")]}, "invalid_claim_mapping"),
    ):
        answer = await changed(protocol.api, app.client_id, body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == code


async def test_an_api_s_claims_are_chosen_by_administrators(api: Api) -> None:
    admin = await api.admin()
    body = {"identifier": API, "claims": [mapping("teams")]}

    made = await api.post("/resources", body, admin)
    path = f"/resources/{made.json()['id']}"
    refused = await api.patch(path, {"claims": [mapping("aud")]}, admin)
    changed = await api.patch(path, {"claims": []}, admin)

    assert (made.status_code, made.json()["claims"]) == (201, [mapping("teams")])
    assert refused.json()["errors"][0]["code"] == "invalid_claim_mapping"
    assert changed.json()["claims"] == []


@pytest.mark.parametrize("missing", ["users:read", "clients:read"])
async def test_a_preview_is_for_who_may_read_both_its_client_and_its_person(
    protocol: Protocol, ann: User, missing: str
) -> None:
    app = await protocol.apps(scope=SCOPE)
    needed = {"users:read", "clients:read"}
    some = await manager(protocol.api, *sorted(needed - {missing}))
    path = f"/clients/{app.client_id}/preview?user_id={ann.id}"

    refused = await protocol.api.get(path, some)

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_preview_tells_what_the_tokens_then_have(
    protocol: Protocol, ann: User
) -> None:
    api = protocol.api
    app = await protocol.apps(scope=SCOPE)
    body = {"id_token_claims": CHOSEN, "claim_mappings": [mapping("teams")]}
    stored = await changed(api, app.client_id, body)
    admin = await api.admin()
    scope = "openid email groups"

    path = f"/clients/{app.client_id}/preview?user_id={ann.id}"
    shown = (await api.get(f"{path}&scope={scope.replace(' ', '+')}", admin)).json()
    refused = await api.get(f"{path}&scope=unheard", admin)
    nobody = await api.get(f"/clients/x/preview?user_id={ann.id}", admin)
    signed_in = await protocol.signed_in(app, scope, user=ann)

    assert stored.json()["id_token_claims"] == CHOSEN
    passing = {"exp", "iat", "jti", "sid", "auth_time", "grant_id", "at_hash"}
    passing |= {"acr", "amr", "nonce"}
    for name in ("id_token", "access_token"):
        real = read(signed_in.tokens[name])
        for claims in (real, shown[name]):
            for each in passing:
                claims.pop(each, None)
        assert shown[name] == real, name
    assert shown["userinfo"] == (await protocol.userinfo(signed_in.access)).json()
    assert shown["sizes"]["id_token"] < shown["max_bytes"]
    assert refused.status_code == 422
    assert (nobody.status_code, nobody.json()["code"]) == (404, "client_not_found")


async def test_a_preview_is_of_a_token_for_several_resources(
    protocol: Protocol, ann: User
) -> None:
    api = protocol.api
    app = await protocol.apps(scope="openid")
    admin = await api.admin()
    names = ["https://a.example", "https://b.example"]
    for name in names:
        body = {"identifier": name, "access": "any", "scopes": {"read": "Read"}}
        assert (await api.post("/resources", body, admin)).status_code == 201

    path = f"/clients/{app.client_id}/preview?user_id={ann.id}&scope=openid+read"
    shown = await api.get(f"{path}&resource={'+'.join(names)}", admin)
    unknown = await api.get(f"{path}&resource={names[0]}+https://c.example", admin)

    assert shown.status_code == 200, shown.text
    assert shown.json()["access_token"]["aud"] == names
    assert unknown.status_code == 422
