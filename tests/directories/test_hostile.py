"""What a directory, whoever is in between, and whoever types a name could try."""

from typing import Any

import pytest

from app.core.circuit_breaker import CircuitBreakers
from app.upstreams.directory import ber, message
from app.upstreams.protocol import Reason, Refused
from tests.directories.conftest import (
    ANN,
    ANN_ID,
    PASSWORD,
    Connect,
    add_person,
    filled,
)
from tests.directories.server import (
    BASE,
    GROUPS,
    PEOPLE,
    SEARCHER,
    Directory,
)
from tests.servers.certificates import Authority

_ANY_ID = b"\x02\x01\x7f"  # becomes the id of what was asked


def _plain(directory: Directory) -> str:
    return f"ldap://127.0.0.1:{directory.port}"


async def _refused(connector: Any, name: str, password: str) -> Refused:
    with pytest.raises(Refused) as caught:
        await connector.verify(name, password)
    return caught.value


async def test_somebody_is_known_by_what_stays(
    directory: Directory, connect: Connect
) -> None:
    found = await connect(_plain(directory)).verify("ANN", PASSWORD)

    assert (found.subject, found.email) == (ANN_ID, "ann@example.com")
    assert not found.email_verified and found.claims["name"] == "Ann"
    assert found.claims["groups"] == [
        f"cn=engineers,{GROUPS}",
        f"cn=staff,{GROUPS}",
    ]


@pytest.mark.parametrize("mail", ["", "eve@example.com"])
async def test_t074_an_address_of_another_attribute_is_never_verified(
    directory: Directory, connect: Connect, mail: str
) -> None:
    """Nobody but administrators writes ``mail``; ``email`` people may write."""
    more = {"mail": [mail] if mail else [], "email": "boss@example.com"}
    add_person(directory, "eve", ANN_ID[::-1], **more)
    connector = connect(_plain(directory), attributes=["email"], verified_mail=True)

    found = await connector.verify("eve", PASSWORD)

    assert found.email == (mail or "boss@example.com")
    assert found.email_verified is bool(mail)


@pytest.mark.parametrize(
    "name",
    [
        *("*", "a*", "ann)(uid=*", "ann)(|(uid=*", "*)(objectClass=*", "ann\\2a"),
        *("", "ann\0", "ann\n", "\ud800", "a" * 257, "ann\u202e", " "),
        *("cn=search", SEARCHER, "CN=Ann", "example\\ann"),
    ],
)
async def test_a_name_is_nothing_but_a_name(
    directory: Directory, connect: Connect, name: str
) -> None:
    refusal = await _refused(connect(_plain(directory)), name, PASSWORD)

    assert (refusal.reason, refusal.proves) == (Reason.WRONG_PASSWORD, False)
    assert ("bind", ANN) not in directory.seen


@pytest.mark.parametrize("password", ["", "\0", "a\0", "x" * 1_000_000, "\ud800"])
async def test_some_passwords_are_not_even_asked_about(
    directory: Directory, connect: Connect, password: str
) -> None:
    directory.bind_answers[ANN] = ((0, "", {}), (0, "", {}))  # as many say to ""
    refusal = await _refused(connect(_plain(directory)), "ann", password)

    assert refusal.reason is Reason.WRONG_PASSWORD
    assert ("bind", ANN) not in directory.seen


@pytest.mark.parametrize("identifier", [None, "uid"])
async def test_who_is_not_there_costs_as_many_questions(
    directory: Directory, connect: Connect, identifier: str | None
) -> None:
    connector = connect(_plain(directory), id_attribute=identifier)
    await _refused(connector, "ann", "wrong")
    known = [what for what, _ in directory.seen]
    directory.seen.clear()
    await _refused(connector, "nobody", "wrong")

    assert [what for what, _ in directory.seen] == known


async def test_a_name_of_several_is_nobodys(
    directory: Directory, connect: Connect
) -> None:
    add_person(directory, "bob", "another", mail="ann@example.com")
    refusal = await _refused(connect(_plain(directory)), "ann@example.com", PASSWORD)

    assert refusal.reason is Reason.WRONG_SUBJECT
    assert ("bind", ANN) not in directory.seen


@pytest.mark.parametrize("identifier", [[], ["a", "b"], ["x" * 256], [b"\xff"]])
async def test_nobody_comes_without_an_identifier(
    directory: Directory, connect: Connect, identifier: list[Any]
) -> None:
    add_person(directory, "bob", "x", entryUUID=identifier)
    refusal = await _refused(connect(_plain(directory)), "bob", PASSWORD)

    assert refusal.reason is Reason.MALFORMED


async def test_an_identifier_that_two_share_signs_neither_in(
    directory: Directory, connect: Connect
) -> None:
    add_person(directory, "bob", "b", employeeNumber="7")
    add_person(directory, "eve", "e", employeeNumber="7")
    connector = connect(_plain(directory), id_attribute="employeeNumber")
    refusal = await _refused(connector, "eve", PASSWORD)

    assert refusal.reason is Reason.WRONG_SUBJECT
    assert "employeeNumber" in refusal.detail


async def test_referrals_are_not_followed(
    directory: Directory, connect: Connect
) -> None:
    other = filled()
    async with other.running():
        directory.references = [f"ldap://127.0.0.1:{other.port}/{BASE}"]
        await connect(_plain(directory)).verify("ann", PASSWORD)
        directory.bind_answers[ANN] = ((10, "elsewhere", {}), (10, "elsewhere", {}))
        refusal = await _refused(connect(_plain(directory)), "ann", PASSWORD)

    assert refusal.reason is Reason.MISCONFIGURED
    assert other.seen == []


@pytest.mark.parametrize(
    ("tag", "bytes_", "reason"),
    [
        (message.SEARCH, b"HTTP/1.1 400 Bad Request\r\n", Reason.MALFORMED),
        (message.SEARCH, b"\x30\x84\x7f\xff\xff\xff", Reason.OVERSIZED),
        (message.SEARCH, b"\x30\x80\x00\x00", Reason.MALFORMED),
        (message.SEARCH, b"\x30\x05\x02\x01\x7f\x65\x00", Reason.MALFORMED),
        # a success of a bind, where the entries of a search should be
        (
            message.SEARCH,
            ber.sequence(_ANY_ID, bytes.fromhex("61070a010004000400")),
            Reason.MALFORMED,
        ),
        # an answer to a question that nobody asked
        (
            message.SEARCH,
            bytes.fromhex("300c02016565070a010004000400"),
            Reason.MALFORMED,
        ),
        # notice of disconnection
        (
            message.SEARCH,
            bytes.fromhex("300c02010078070a013404000400"),
            Reason.UNREACHABLE,
        ),
        (
            message.BIND,
            bytes.fromhex("300c02017f61070a013404000400"),
            Reason.UNREACHABLE,
        ),
        (
            message.BIND,
            bytes.fromhex("300c02017f61070a013304000400"),
            Reason.UNREACHABLE,
        ),
    ],
)
async def test_a_server_that_answers_otherwise_signs_nobody_in(
    directory: Directory, connect: Connect, tag: int, bytes_: bytes, reason: Reason
) -> None:
    directory.raw[tag] = bytes_
    refusal = await _refused(connect(_plain(directory)), "ann", PASSWORD)

    assert (refusal.reason, refusal.proves) == (reason, False)


async def test_more_entries_than_were_asked_for_are_not_kept(
    directory: Directory, connect: Connect
) -> None:
    values = {"description": ["x" * 1_000_000]}
    for number in range(20):
        add_person(directory, f"p{number}", f"{number}", **values)
    connector = connect(_plain(directory), attributes=["description"], page_size=1_000)
    async with connector.directory.session() as session:
        with pytest.raises(Exception, match="more than 16777216 bytes"):
            async for _ in connector.people(session.link):
                pass


@pytest.mark.parametrize("tag", [message.BIND, message.SEARCH])
async def test_a_server_that_never_answers_is_left_after_a_while(
    directory: Directory, connect: Connect, tag: int
) -> None:
    directory.silent.add(tag)
    refusal = await _refused(connect(_plain(directory), timeout=1), "ann", PASSWORD)

    assert refusal.reason is Reason.UNREACHABLE


async def test_groups_that_are_kept_back_sign_nobody_in(
    directory: Directory, connect: Connect
) -> None:
    directory.add(
        f"cn=board,{GROUPS}", objectClass="groupOfNames", cn="board", member=ANN
    )
    directory.most = 1
    refusal = await _refused(connect(_plain(directory)), "ann", PASSWORD)

    assert refusal.reason is Reason.OVERSIZED


async def test_internal_addresses_have_to_be_allowed(
    directory: Directory, connect: Connect
) -> None:
    connector = connect(_plain(directory), allowed=frozenset())
    refusal = await _refused(connector, "ann", PASSWORD)

    assert refusal.reason is Reason.UNREACHABLE and "internal" in refusal.detail
    assert directory.seen == []


async def test_the_next_server_is_asked_while_one_is_away(
    directory: Directory, connect: Connect, breakers: CircuitBreakers
) -> None:
    away = filled()
    async with away.running():
        pass
    connector = connect(_plain(away), _plain(directory))
    for _ in range(2):
        await connector.verify("ann", PASSWORD)
    async with away.running():
        await _refused(connector, "ann", "wrong")

    assert away.seen == []  # who answered is asked again
    states = breakers.states()
    assert states[f"127.0.0.1:{directory.port}"] == "closed"


async def test_a_server_that_fails_is_left_alone_and_wrong_passwords_are_no_failing(
    directory: Directory, connect: Connect, breakers: CircuitBreakers
) -> None:
    connector = connect(_plain(directory))
    for _ in range(6):
        await _refused(connector, "ann", "wrong")
    before = dict(breakers.states())
    directory.raw[message.SEARCH] = b"GET / HTTP/1.1\r\n"
    for _ in range(5):
        await _refused(connector, "ann", PASSWORD)
    directory.seen.clear()
    refusal = await _refused(connector, "ann", PASSWORD)

    name = f"127.0.0.1:{directory.port}"
    assert (before[name], breakers.states()[name]) == ("closed", "open")
    assert refusal.reason is Reason.UNREACHABLE and directory.seen == []


@pytest.mark.parametrize("scheme", ["ldaps", "ldap"])
@pytest.mark.parametrize("host", ["127.0.0.1", "other.example"])
async def test_certificates_are_checked(
    connect: Connect, authority: Authority, scheme: str, host: str
) -> None:
    directory = filled()
    directory.certificate = authority.certify(host)
    directory.implicit = scheme == "ldaps"
    trusted = {"ca_certificates": authority.file.read_text(), "start_tls": True}
    async with directory.running():
        url = f"{scheme}://127.0.0.1:{directory.port}"
        if host == "127.0.0.1":
            await connect(url, **trusted).verify("ann", PASSWORD)
            directory.seen.clear()
            trusted = {"start_tls": True}  # the system does not know who signed it
        refusal = await _refused(connect(url, **trusted), "ann", PASSWORD)

    assert refusal.reason is Reason.UNREACHABLE and "certificate" in refusal.detail
    assert not [what for what, _ in directory.seen if what == "bind"]


async def test_what_was_sent_before_tls_is_no_answer_within_it(
    connect: Connect, authority: Authority
) -> None:
    directory = filled()
    directory.certificate = authority.certify("127.0.0.1")
    # Somebody in between says in plain that the bind is good.
    directory.after_start_tls = bytes.fromhex("300c02010161070a010004000400")
    async with directory.running():
        connector = connect(
            f"ldap://127.0.0.1:{directory.port}",
            start_tls=True,
            ca_certificates=authority.file.read_text(),
        )
        refusal = await _refused(connector, "ann", PASSWORD)

    assert refusal.reason is Reason.UNREACHABLE
    assert not [what for what, _ in directory.seen if what == "bind"]


async def test_a_server_without_start_tls_is_told_no_password(
    directory: Directory, connect: Connect
) -> None:
    refusal = await _refused(
        connect(_plain(directory), start_tls=True), "ann", PASSWORD
    )

    assert "StartTLS" in refusal.detail
    assert [what for what, _ in directory.seen] == ["extended"]


async def test_pages_tell_when_something_is_kept_back(
    directory: Directory, connect: Connect
) -> None:
    for number in range(30):
        add_person(directory, f"p{number}", f"{number}")
    connector = connect(_plain(directory), page_size=10)

    async def pages() -> list[tuple[int, bool]]:
        async with connector.directory.session() as session:
            return [
                (len(page.entries), page.is_cut_off)
                async for page in connector.people(session.link)
            ]

    assert await pages() == [(10, False), (10, False), (10, False), (1, False)]
    directory.most = 25
    assert await pages() == [(10, False), (10, False), (5, True)]


async def test_people_are_found_again_by_their_identifier(
    directory: Directory, connect: Connect
) -> None:
    connector = connect(_plain(directory))
    async with connector.directory.session() as session:
        found = await connector.named(session.link, ANN_ID)
        nobody = await connector.named(session.link, "b" * 36)

    assert found is not None and found.dn == f"uid=ann,{PEOPLE}"
    assert nobody is None
