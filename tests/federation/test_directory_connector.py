"""Our connector at real directories: states, groups, names, pages, new passwords."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.core.circuit_breaker import CircuitBreakers
from app.core.clock import SystemClock
from app.core.outbound import OutboundClient
from app.core.randomness import SystemRandomness
from app.upstreams.directory.connector import DirectoryConnector
from app.upstreams.kinds import KINDS
from app.upstreams.password import ChangeRefused
from app.upstreams.protocol import ConnectionConfig, Reason, Refused, Surroundings
from tests.federation.servers.directory import BULK, PASSWORD, Directory, Person

WRONG = "wrong-Horse-7-battery"
NEW, NEWER = "another-Horse-8-battery", "third-Horse-9-battery"
MAKES = {"openldap": "openldap", "389": "389ds"}
# Why somebody of a state is not let in, and whether the password was proven.
REFUSALS: dict[str, dict[str, tuple[Reason, bool]]] = {
    "openldap": {
        "disabled": (Reason.WRONG_PASSWORD, False),
        "locked": (Reason.WRONG_PASSWORD, False),
        "must_change": (Reason.MUST_CHANGE, True),
        "password_expired": (Reason.PASSWORD_EXPIRED, True),
    },
    "389": {
        "disabled": (Reason.NOT_ACTIVE, False),
        "locked": (Reason.LOCKED, False),
        "must_change": (Reason.MUST_CHANGE, True),
        "password_expired": (Reason.PASSWORD_EXPIRED, True),
    },
    "ad": {
        "disabled": (Reason.NOT_ACTIVE, True),
        "account_expired": (Reason.NOT_ACTIVE, True),
        "must_change": (Reason.MUST_CHANGE, True),
        "locked": (Reason.LOCKED, False),
    },
}


def connected(
    directory: Directory, outbound: OutboundClient, **changed: Any
) -> DirectoryConnector:
    """Return a connector as an operator would set it up."""
    name = "active_directory" if directory.kind == "ad" else "ldap"
    members: dict[str, Any] = {
        "servers": [directory.url],
        "ca_certificates": directory.ca_file.read_text(),
        "bind_name": directory.reader[0],
        "bind_password": directory.reader[1],
        "user_base": directory.user_base,
        "group_base": directory.group_base,
    }
    if directory.kind in MAKES:
        members["directory"] = MAKES[directory.kind]
    config = ConnectionConfig(
        name="firm",
        kind=name,
        settings=KINDS[name].settings.model_validate(members | changed),
        redirect_uri="",
    )
    world = Surroundings(
        outbound=outbound, clock=SystemClock(), randomness=SystemRandomness()
    )
    found = KINDS[name].connect(config, world)
    assert isinstance(found, DirectoryConnector)
    return found


@pytest.fixture
async def outbound() -> AsyncIterator[OutboundClient]:
    client = OutboundClient(
        CircuitBreakers(SystemClock()), allowed_hosts=frozenset({"127.0.0.1"})
    )
    yield client
    await client.close()


@pytest.fixture
def connector(directory: Directory, outbound: OutboundClient) -> DirectoryConnector:
    return connected(directory, outbound)


async def test_the_button_finds_all_in_order(
    directory: Directory, outbound: OutboundClient
) -> None:
    for url in (directory.url, directory.plain_url):  # ldaps, and StartTLS
        steps = await connected(directory, outbound, servers=[url]).test()
        assert [step.name for step in steps if step.ok] == [
            *("server", "search_account", "base", "people", "groups")
        ], steps


async def test_each_state_is_what_it_is(
    directory: Directory, connector: DirectoryConnector
) -> None:
    for person in directory.people.values():
        expected = REFUSALS[directory.kind].get(person.state)
        if expected is None:
            found = await connector.verify(person.login, person.password)
            assert found.email == person.mail
            continue
        with pytest.raises(Refused) as caught:
            await connector.verify(person.login, person.password)
        told = caught.value
        assert (told.reason, told.proves) == expected, (person.login, told)


async def test_a_wrong_password_says_nothing_of_a_state(
    directory: Directory, connector: DirectoryConnector
) -> None:
    logins = ["cam", "max", "nobody-at-all", "o(neil"]
    for login in logins:
        with pytest.raises(Refused) as caught:
            await connector.verify(login, WRONG)
        told = (caught.value.reason, caught.value.proves)
        assert told == (Reason.WRONG_PASSWORD, False), login
    await connector.verify("cam", directory.people["cam"].password)


async def test_groups_of_groups_are_found(
    directory: Directory, connector: DirectoryConnector
) -> None:
    for login, names in (
        ("bea", {"engineers", "staff"}),
        ("ann", {"staff", "board"}),
        ("o(neil)", {"engineers", "staff"}),
    ):
        found = await connector.verify(login, directory.people[login].password)
        assert names <= set(found.claims["group_names"])
        base = directory.group_base.lower()
        assert {f"cn={name},{base}" for name in names} <= set(found.claims["groups"])


async def test_somebody_is_found_again_by_what_stays(
    directory: Directory, connector: DirectoryConnector
) -> None:
    found = await connector.verify("bea", directory.people["bea"].password)
    async with connector.directory.session() as session:
        again = await connector.named(session.link, found.subject)

    assert again is not None and again.text("mail") == found.email


async def test_pages_have_all_or_say_that_they_have_not(
    directory: Directory, connector: DirectoryConnector
) -> None:
    count, is_cut_off = 0, False
    async with connector.directory.session() as session:
        async for page in connector.people(session.link):
            count += len(page.entries)
            is_cut_off = page.is_cut_off
    if directory.kind == "openldap":
        assert (count, is_cut_off) == (500, True)
    else:
        assert count >= BULK + len(directory.people) and not is_cut_off


async def test_a_password_is_changed_by_who_knows_it(
    directory: Directory, connector: DirectoryConnector
) -> None:
    person = directory.people["cam"]
    if directory.kind != "389":  # which has no rules unless passwordCheckSyntax is on
        with pytest.raises(ChangeRefused) as short:
            await connector.change("cam", person.password, "ab")
        assert short.value.why == "refused"
    with pytest.raises(Refused) as wrong:
        await connector.change("cam", WRONG, NEW)
    changed = await connector.change("cam", person.password, NEW)
    again = await connector.change("cam", NEW, NEWER)
    if directory.kind == "ad":  # which remembers what was used before
        _put_back(directory, person)
    else:
        await connector.change("cam", NEWER, person.password)

    assert wrong.value.reason is Reason.WRONG_PASSWORD
    assert changed.subject == again.subject


def _put_back(directory: Directory, person: Person) -> None:
    """Have an administrator give somebody the password that other tests know."""
    name, dn = "unicodePwd", b64encode(person.dn.encode()).decode()
    told = b64encode(f'"{person.password}"'.encode("utf-16-le")).decode()
    change = f"dn:: {dn}\nchangetype: modify\nreplace: {name}\n{name}:: {told}\n"
    directory.change(change)


async def test_another_certificate_is_none(
    directory: Directory, outbound: OutboundClient
) -> None:
    for settings in (
        {"ca_certificates": None},
        {"servers": [directory.url.replace("127.0.0.1", "localhost")]},
    ):
        with pytest.raises(Refused, match="certificate|internal") as caught:
            await connected(directory, outbound, **settings).verify("ann", PASSWORD)
        assert caught.value.reason is Reason.UNREACHABLE
