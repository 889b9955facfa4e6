"""Real directories, read as a whole: who gets in, in which groups, and who goes."""

from typing import Any

import pytest

from tests.connections.support import account, groups_of
from tests.directories.syncing import links, numbers, sync
from tests.federation.servers import ldif, slapd
from tests.federation.servers.directory import (
    BULK,
    DOMAIN,
    PASSWORD,
    Directory,
)
from tests.federation.test_directory_connector import MAKES
from tests.support.api import Api


@pytest.fixture
def options() -> dict[str, object]:
    return {"outbound": {"allowed_hosts": ["127.0.0.1"]}}


async def connect_with(api: Api, directory: Directory, reader: tuple[str, str]) -> str:
    admin = await api.admin()
    mapped = {}
    for name in ("engineers", "staff"):
        await api.post("/groups", {"name": name}, admin)
        mapped[f"cn={name},{directory.group_base}"] = name
    settings: dict[str, Any] = {
        "servers": [directory.url],
        "ca_certificates": directory.ca_file.read_text(),
        "bind_name": reader[0],
        "bind_password": reader[1],
        "user_base": directory.user_base,
        "group_base": directory.group_base,
        "verified_mail": True,
        "page_size": 400,
    }
    if directory.kind in MAKES:
        settings["directory"] = MAKES[directory.kind]
    body = {
        "name": "firm",
        "kind": "active_directory" if directory.kind == "ad" else "ldap",
        "display_name": "Firm",
        "account_rule": "anybody",
        "trusted_domains": [DOMAIN],
        "follow": {"groups": {"groups": mapped}},
        "settings": settings,
    }
    answer = await api.post("/connections", body, admin)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_everybody_is_read_in_their_groups_and_who_goes_is_withdrawn(
    api: Api, directory: Directory, clock: Any
) -> None:
    is_limited = directory.kind == "openldap"  # to 500, pages or not
    reader = (slapd.IMPORTER, PASSWORD) if is_limited else directory.reader
    connection = await connect_with(api, directory, reader)
    first = await sync(api, connection)
    again = await sync(api, connection)
    groups = {}
    for login in ("ann", "bea", "o(neil)"):
        user = await account(api, directory.people[login].mail)
        groups[login] = await groups_of(api, user.id)

    there = len(directory.people) + BULK
    there += directory.kind == "ad"  # the reader is an account there, with an address
    off = {"disabled", "account_expired"}
    out = sum(person.state in off for person in directory.people.values())
    assert first["outcome"] == again["outcome"] == "complete", first
    assert first["entries"] - first["left_out"].get("no_address", 0) == there
    assert (first["made"], first["left_out"]["not_active"]) == (there - out, out)
    assert again["unchanged"] == there - out and again["made"] == 0
    assert groups == {
        "ann": ["staff"],
        "bea": ["engineers", "staff"],  # by a group in a group
        "o(neil)": ["engineers", "staff"],
    }


async def test_a_reader_with_a_limit_withdraws_nobody(
    api: Api, directory: Directory
) -> None:
    if directory.kind != "openldap":
        pytest.skip("only slapd counts all pages together")
    connection = await connect_with(api, directory, directory.reader)
    told = [await sync(api, connection) for _ in range(2)]

    assert [each["outcome"] for each in told] == ["cut_off", "cut_off"]
    assert numbers(told[1]).get("withdrawn") is None
    assert told[0]["entries"] == told[1]["entries"] == 500
    assert len(await links(api)) == told[0]["made"] > 0


async def test_who_is_deleted_there_is_withdrawn(
    api: Api, directory: Directory, clock: Any
) -> None:
    if directory.kind != "openldap":
        pytest.skip("the entry is put back as slapd's")
    connection = await connect_with(api, directory, (slapd.IMPORTER, PASSWORD))
    await sync(api, connection)
    clock.advance(seconds=10)
    dn = directory.bulk_dn(7)
    directory.change(f"dn: {dn}\nchangetype: delete\n")
    try:
        told = await sync(api, connection)
    finally:
        back = ldif.one_of_many(7, directory.user_base)
        directory.change(back.replace("\n", "\nchangetype: add\n", 1))

    assert (told["missing"], told["withdrawn"], told["kept"]) == (1, 1, 0)


async def test_of_more_than_may_be_disabled_at_once_nobody_is_withdrawn(
    api: Api, directory: Directory, clock: Any
) -> None:
    """As a script does that goes wrong: 300 of 2,500. Ten may be disabled."""
    is_limited = directory.kind == "openldap"
    reader = (slapd.IMPORTER, PASSWORD) if is_limited else directory.reader
    connection = await connect_with(api, directory, reader)
    first = await sync(api, connection)
    many = [directory.bulk_dn(number) for number in range(300)]
    changes = [ldif.disabling(directory.kind, dn) for dn in many]
    undone = [ldif.disabling(directory.kind, dn, undo=True) for dn in many]
    directory.change("\n".join(changes))
    clock.advance(seconds=10)
    try:
        told = [await sync(api, connection) for _ in range(2)]
        directory.change("\n".join(undone[10:]))
        few = await sync(api, connection)
    finally:
        directory.change("\n".join(undone))
    back = await sync(api, connection)

    for each in told:
        assert (each["outcome"], each["missing"]) == ("complete", 0)
        assert (each["disabled"], each["kept"], each["withdrawn"]) == (300, 300, 0)
        assert "300 are disabled" in each["detail"]
    assert (few["disabled"], few["kept"], few["withdrawn"]) == (10, 0, 10)
    assert back["returned"] == 10
    assert back["unchanged"] == first["made"] - 10
