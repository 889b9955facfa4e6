"""What operators may say of directories, what the test button sees, who is active."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from app.upstreams.directory import testing
from app.upstreams.directory.message import Entry
from app.upstreams.directory.standing import is_active
from app.upstreams.kinds import KINDS
from tests.directories.conftest import Connect
from tests.directories.server import BASE, GROUPS, PEOPLE, Directory

_BASE: dict[str, Any] = {
    "servers": ["ldaps://dc1.corp.example", "ldaps://dc2.corp.example:3269"],
    "bind_name": "search@corp.example",
    "bind_password": "secret",
    "user_base": "DC=corp,DC=example",
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"servers": []}, "servers"),
        ({"servers": ["https://dc1.corp.example"]}, "must be ldaps://HOST"),
        ({"servers": ["ldap://a b"]}, "must be ldaps://HOST"),
        ({"servers": ["ldaps://dc1/DC=corp"]}, "must be ldaps://HOST"),
        ({"servers": ["ldap://dc1"], "start_tls": False}, "for loopback alone"),
        ({"user_base": "corp.example"}, "no name and value"),
        ({"user_filter": "(a=1"}, "not closed"),
        ({"bind_password": ""}, "bind_password"),
        ({"bind_name": ""}, "bind_name"),
        ({"ca_certificates": "none"}, "certificates in PEM"),
        ({"ca_certificates": ""}, "certificates in PEM"),
        ({"page_size": 5_000}, "page_size"),
        ({"login_attributes": ["a)(b"]}, "login_attributes"),
        ({"another": 1}, "another"),
    ],
)
@pytest.mark.parametrize("kind", ["active_directory", "ldap"])
def test_what_could_not_work_is_refused(
    kind: str, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        KINDS[kind].settings.model_validate(_BASE | changed)


def test_who_is_called_and_what_is_secret() -> None:
    settings = KINDS["ldap"].settings.model_validate(_BASE)
    more = KINDS["ldap"].settings.model_validate(
        _BASE | {"servers": [*_BASE["servers"], "ldaps://dc3.corp.example"]}
    )

    assert settings.secrets() == {"bind_password"}
    assert settings.called() == {
        "servers.0": "ldaps://dc1.corp.example",
        "servers.1": "ldaps://dc2.corp.example:3269",
    }
    # One server more says the same of people; its password has to be given again.
    assert settings.named_by() == more.named_by()
    assert settings.called() != more.called()


async def test_the_button_says_what_it_saw_up_to_the_first_fault(
    directory: Directory, connect: Connect
) -> None:
    url = f"ldap://127.0.0.1:{directory.port}"

    async def seen(**changed: Any) -> list[tuple[str, bool]]:
        steps = await connect(url, **changed).test()
        return [(step.name, step.ok) for step in steps]

    good = [
        *(("server", True), ("search_account", True), ("base", True)),
        *(("people", True), ("groups", True)),
    ]
    assert await seen() == good
    assert await seen(group_base=None) == good[:-1]
    assert await seen(bind_password="b") == [good[0], ("search_account", False)]
    assert await seen(user_base=f"ou=x,{BASE}") == [*good[:2], ("base", False)]
    assert await seen(user_filter="(uid=x)") == [*good[:3], ("people", False)]
    assert await seen(group_base=PEOPLE) == [*good[:4], ("groups", False)]
    assert await seen(allowed=frozenset()) == [("server", False)]


async def test_active_directory_knows_nested_and_primary_groups(
    directory: Directory, connect: Connect
) -> None:
    sid = bytes.fromhex("010500000000000515000000") + bytes(range(12))
    guid = UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
    directory.add(
        f"CN=Bea,{PEOPLE}",
        "secret",
        objectClass="user",
        objectCategory="person",
        sAMAccountName="bea",
        userPrincipalName="bea@corp.example",
        displayName="Bea B.",
        mail="bea@corp.example",
        objectGUID=guid.bytes_le,
        objectSid=sid + b"\x51\x04\0\0",
        primaryGroupID="513",
    )
    groups: tuple[tuple[str, Any, dict[str, Any]], ...] = (
        ("inner", f"CN=Bea,{PEOPLE}", {}),
        ("outer", f"CN=inner,{GROUPS}", {}),
        ("Domain Users", [], {"objectSid": sid + b"\x01\x02\0\0"}),
        ("all", f"CN=Domain Users,{GROUPS}", {}),
    )
    for name, members, more in groups:
        directory.add(
            f"CN={name},{GROUPS}", objectClass="group", cn=name, member=members, **more
        )
    connector = connect(f"ldap://127.0.0.1:{directory.port}", kind="active_directory")
    for name in ("bea@corp.example", "BEA", "CORP\\bea"):
        found = await connector.verify(name, "secret")

    assert found.subject == str(guid)
    assert found.email_verified and found.claims["name"] == "Bea B."
    told = {group.partition(",")[0] for group in found.claims["groups"]}
    assert told == {"cn=inner", "cn=outer", "cn=domain users", "cn=all"}
    async with connector.directory.session() as session:
        again = await connector.named(session.link, str(guid))
    assert again is not None


async def test_the_button_is_no_way_to_wait_for_ever(
    directory: Directory, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testing, "_STEPS", -1)  # no time at all
    steps = await connect(f"ldap://127.0.0.1:{directory.port}").test()

    assert [(each.ok, each.saw) for each in steps] == [(False, "no end of it in time")]


@pytest.mark.parametrize(
    ("attributes", "active"),
    [
        ({}, True),
        ({"userAccountControl": "512"}, True),
        ({"userAccountControl": "514"}, False),
        ({"userAccountControl": "x"}, True),
        ({"userAccountControl": "\u00b2"}, True),
        ({"accountExpires": "\u00b2"}, True),
        ({"accountExpires": "0"}, True),
        ({"accountExpires": str(2**63 - 1)}, True),
        ({"accountExpires": "116444736000000000"}, False),
        ({"accountExpires": "9" * 18}, True),
        ({"accountExpires": "134117856000000000"}, False),  # at this moment
        ({"accountExpires": "134117856000000009"}, False),
        ({"accountExpires": "134117856000000010"}, True),
        ({"userAccountControl": "528"}, True),  # locked, which is over by itself
        ({"nsAccountLock": "TRUE"}, False),
        ({"pwdAccountLockedTime": "000001010000Z"}, False),
        ({"pwdAccountLockedTime": "20260101000000Z"}, True),
    ],
)
def test_an_entry_says_whether_its_account_may_be_used(
    attributes: dict[str, str], active: bool
) -> None:
    values = {name.lower(): (text.encode(),) for name, text in attributes.items()}

    assert is_active(Entry("cn=a", values), datetime(2026, 1, 2, tzinfo=UTC)) is active
