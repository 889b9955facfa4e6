"""Microsoft Entra ID: many issuers behind one address."""

from typing import Any

import pytest

from app.upstreams.protocol import Reason
from tests.upstreams.conftest import Connections
from tests.upstreams.simulator import Simulator

TENANT = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
OTHER_TENANT = "bbbbcccc-1111-dddd-2222-eeee3333ffff"
OBJECT = "00aa00aa-bb11-cc22-dd33-44ee44ee44ee"
MICROSOFT = "https://login.microsoftonline.com"
TEMPLATE = f"{MICROSOFT}/{{tenantid}}/v2.0"


def _entra(start: Any, tenant: str, issuer: str) -> Simulator:
    at = f"{MICROSOFT}/{tenant}"
    simulator: Simulator = start(
        issuer,
        discovery=f"{at}/v2.0/.well-known/openid-configuration",
        endpoints={
            "authorize": f"{at}/oauth2/v2.0/authorize",
            "token": f"{at}/oauth2/v2.0/token",
            "keys": f"{at}/discovery/v2.0/keys",
        },
    )
    simulator.person = {"sub": "pairwise", "name": "Jane", "email": "jane@example.com"}
    simulator.said = {"userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo"}
    simulator.signed = _of_tenant(TENANT)
    return simulator


def _of_tenant(tenant: str, **more: Any) -> dict[str, Any]:
    return {
        "iss": f"{MICROSOFT}/{tenant}/v2.0",
        "tid": tenant,
        "oid": OBJECT,
        "at_hash": ...,
    } | more


@pytest.mark.parametrize(
    ("tenant", "issuer"),
    [
        (TENANT, f"{MICROSOFT}/{TENANT}/v2.0"),
        ("common", TEMPLATE),
        ("organizations", TEMPLATE),
    ],
)
async def test_entra_knows_people_by_tenant_and_object(
    world: Connections, start: Any, tenant: str, issuer: str
) -> None:
    simulator = _entra(start, tenant, issuer)
    connector = world.connect("entra", tenant=tenant)

    found = await world.sign_in(connector, simulator)

    assert found.subject == f"{TENANT}.{OBJECT}"
    assert found.issuer == f"{MICROSOFT}/{TENANT}/v2.0"
    assert (found.email, found.email_verified) == ("jane@example.com", False)


async def test_entra_knows_personal_accounts(world: Connections, start: Any) -> None:
    personal = "9188040d-6c67-4c5b-b112-36a304b66dad"
    simulator = _entra(start, "consumers", f"{MICROSOFT}/{personal}/v2.0")
    simulator.signed = _of_tenant(personal)
    connector = world.connect("entra", tenant="consumers")

    assert (await world.sign_in(connector, simulator)).subject.startswith(personal)


@pytest.mark.parametrize("said", [True, 1, "1", "true"])
async def test_entra_vouches_for_addresses_by_a_claim_of_its_own(
    world: Connections, start: Any, said: Any
) -> None:
    simulator = _entra(start, "common", TEMPLATE)
    simulator.signed["xms_edov"] = said
    connector = world.connect("entra", tenant="common")

    assert (await world.sign_in(connector, simulator)).email_verified


_FOREIGN: dict[str, tuple[str, dict[str, Any], Reason]] = {
    "the issuer of another tenant": (
        "common",
        {"iss": f"{MICROSOFT}/{OTHER_TENANT}/v2.0"},
        Reason.WRONG_ISSUER,
    ),
    "another tenant than the one": (
        TENANT,
        _of_tenant(OTHER_TENANT),
        Reason.WRONG_ISSUER,
    ),
    "the template itself": (
        "common",
        {"iss": TEMPLATE, "tid": "{tenantid}"},
        Reason.WRONG_ISSUER,
    ),
    "a tenant that is a path": (
        "common",
        {"iss": f"{MICROSOFT}/a/../b/v2.0", "tid": "a/../b"},
        Reason.WRONG_ISSUER,
    ),
    "no tenant": ("common", {"tid": ...}, Reason.WRONG_ISSUER),
    "no object": ("common", {"oid": ...}, Reason.MALFORMED),
    "an address in place of the object": (
        "common",
        {"oid": "jane@example.com"},
        Reason.MALFORMED,
    ),
}


@pytest.mark.parametrize(
    ("tenant", "said", "reason"), _FOREIGN.values(), ids=_FOREIGN.keys()
)
async def test_entra_of_another_tenant(
    world: Connections, start: Any, tenant: str, said: Any, reason: Reason
) -> None:
    simulator = _entra(
        start, tenant, f"{MICROSOFT}/{TENANT}/v2.0" if tenant == TENANT else TEMPLATE
    )
    simulator.signed |= said
    connector = world.connect("entra", tenant=tenant)

    assert (await world.refused(connector, simulator))[0] is reason


async def test_entra_may_be_open_to_some_tenants_only(
    world: Connections, start: Any
) -> None:
    simulator = _entra(start, "common", TEMPLATE)
    connector = world.connect("entra", tenant="common", tenants=[OTHER_TENANT])

    refused = await world.refused(connector, simulator)
    simulator.signed = _of_tenant(OTHER_TENANT)
    found = await world.sign_in(connector, simulator)

    assert refused == (Reason.NOT_ADMITTED, f"tid is {TENANT}")
    assert found.subject == f"{OTHER_TENANT}.{OBJECT}"


@pytest.mark.parametrize(
    ("key_issuer", "is_right"),
    [
        (TEMPLATE, True),
        (f"{MICROSOFT}/{TENANT}/v2.0", True),
        (f"{MICROSOFT}/{OTHER_TENANT}/v2.0", False),
    ],
)
async def test_entra_keys_sign_for_their_issuer_alone(
    world: Connections,
    start: Any,
    monkeypatch: pytest.MonkeyPatch,
    key_issuer: str,
    is_right: bool,
) -> None:
    simulator = _entra(start, "common", TEMPLATE)
    monkeypatch.setattr(simulator, "behaves_key", lambda: {"issuer": key_issuer})
    connector = world.connect("entra", tenant="common")

    if is_right:
        assert await world.sign_in(connector, simulator)
    else:
        refused = await world.refused(connector, simulator)
        assert refused[0] is Reason.WRONG_SIGNATURE


@pytest.mark.parametrize(
    ("tenant", "iss", "is_right"),
    [
        ("common", f"{MICROSOFT}/{TENANT}/v2.0", True),
        ("common", TEMPLATE, False),
        ("common", f"https://evil.example/{TENANT}/v2.0", False),
        (TENANT, f"{MICROSOFT}/{TENANT}/v2.0", True),
        (TENANT, f"{MICROSOFT}/{OTHER_TENANT}/v2.0", False),
    ],
)
async def test_entra_that_names_itself_in_an_answer(
    world: Connections, start: Any, tenant: str, iss: str, is_right: bool
) -> None:
    simulator = _entra(
        start, tenant, f"{MICROSOFT}/{TENANT}/v2.0" if tenant == TENANT else TEMPLATE
    )
    connector = world.connect("entra", tenant=tenant)

    if is_right:
        assert await world.sign_in(connector, simulator, iss=iss)
    else:
        refused = await world.refused(connector, simulator, iss=iss)
        assert refused[0] is Reason.WRONG_ISSUER
