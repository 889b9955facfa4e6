"""Where requests come from, as proxies of every make say it, and as nobody may."""

import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from pydantic import ValidationError

from app.api.client_address import ClientAddress
from app.config import Settings
from app.core.forwarded import HEADERS, client_of
from tests.support.chance import FakeClock
from tests.support.page import ORIGIN

PROXY = "10.0.0.5"
TRUSTED = ("10.0.0.0/8", "fd00::/8")
XFF, FORWARDED = HEADERS
Read = Callable[..., str]


def addresses(
    header: str | None = None, trusted: Iterable[str] = TRUSTED
) -> ClientAddress:
    """Return what the middleware asks, with a clock that stands still."""
    return ClientAddress(trusted, header, FakeClock())


NODES = {
    "192.0.2.7": "192.0.2.7",
    "192.0.2.7:4711": "192.0.2.7",
    "  192.0.2.7:4711 ": "192.0.2.7",
    "2001:db8::7": "2001:db8::7",
    "2001:DB8:0:0::7": "2001:db8::7",
    "[2001:db8::7]": "2001:db8::7",
    "[2001:db8::7]:4711": "2001:db8::7",
    "fe80::7%eth0": "fe80::7",
    "[fe80::7%25eth0]:4711": "fe80::7",
    "::ffff:192.0.2.7": "192.0.2.7",
    "[::ffff:192.0.2.7]:4711": "192.0.2.7",
    "[::ffff:c000:207]": "192.0.2.7",
}


@pytest.mark.parametrize("text", NODES)
def test_an_address_is_read_however_a_proxy_spells_it(text: str) -> None:
    expected = NODES[text]

    assert addresses().of(PROXY, {XFF: [text]}) == expected
    quoted = f'for="{text.strip()}"'
    assert addresses().of(PROXY, {FORWARDED: [quoted]}) == expected


ELEMENTS = {
    "for=192.0.2.7": "192.0.2.7",
    "For=192.0.2.7;Proto=https;By=10.0.0.5": "192.0.2.7",
    'proto=http ; FOR="192.0.2.7:4711" ; host="a;b,c"': "192.0.2.7",
    'for="[2001:db8::7]:_port";by=_gateway': "2001:db8::7",
    "for=192.0.2.7:4711": "192.0.2.7",  # not a token, and seen all the same
    'for="192\\.0.2.7"': "192.0.2.7",
    "for=6.6.6.6, for=192.0.2.7": "192.0.2.7",
    "for=6.6.6.6, ,for=192.0.2.7,for=10.9.9.9": "192.0.2.7",
    'for="evil;for=6.6.6.6", for=192.0.2.7': "192.0.2.7",
}


@pytest.mark.parametrize("field", ELEMENTS)
def test_rfc7239_elements_are_read_from_the_right(field: str) -> None:
    assert addresses(FORWARDED).of(PROXY, {FORWARDED: [field]}) == ELEMENTS[field]


LINES = {
    "a line each": (FORWARDED, ["for=6.6.6.6", "for=192.0.2.7", "for=10.9.9.9"]),
    "an open quotation": (FORWARDED, ['for="6.6.6.6', "for=192.0.2.7"]),
    "both kinds of list": (XFF, ["6.6.6.6, 192.0.2.7", "10.9.9.9, 10.8.8.8"]),
    "garbage of a client": (XFF, ["unknown, %00, ", "192.0.2.7"]),
}


@pytest.mark.parametrize("what", LINES)
def test_lines_of_proxies_are_read_and_those_of_clients_are_not(what: str) -> None:
    header, lines = LINES[what]

    assert addresses().of(PROXY, {header: lines}) == "192.0.2.7"


UNREADABLE = {
    XFF: [
        *("", ",", "unknown", "example.com", "999.0.2.7", "192.0.2.7:", "1.2.3"),
        *("192.0.2.7:123456", "[2001:db8::7", "2001:db8::7]", "[]", "192.0.2.7 x"),
        *("192.0.2.7%eth0", "192.0.2.7, unknown", "192.0.2.7,", "[192.0.2.7]]"),
        *("x" * 30_000, ":" * 30_000, "0192.0.2.7", "[::1]x"),
    ],
    FORWARDED: [
        *("", ",", "for=unknown", "for=_hidden", "proto=https", "for", "for="),
        *("192.0.2.7", "for=192.0.2.7 proto=https", "for = 192.0.2.7"),
        *("for=192.0.2.7;for=6.6.6.6", 'for="192.0.2.7', 'for="192.0.2.7"x'),
        *("for=192.0.2.7, for=_hidden", 'for="[2001:db8::7"', "for=[2001:db8::7"),
        # What a client leaves open on the line that a proxy goes on writing.
        *('for="6.6.6.6, for=192.0.2.7', 'for=6.6.6.6;a=", for="192.0.2.7:1"'),
        *('for=6.6.6.6;a="\\, for="192.0.2.7:1"', ";" * 30_000, "a=b;" * 7_000),
    ],
}


@pytest.mark.parametrize(
    ("header", "text"), [(name, text) for name in HEADERS for text in UNREADABLE[name]]
)
def test_what_cannot_be_read_is_never_guessed_at(header: str, text: str) -> None:
    assert addresses(header).of(PROXY, {header: [text]}) == PROXY
    assert client_of(header, [text], PROXY, lambda _: False)[1] is False


def test_what_stands_behind_something_unreadable_is_not_believed() -> None:
    read = addresses()

    assert read.of(PROXY, {XFF: ["6.6.6.6, unknown, 10.9.9.9"]}) == "10.9.9.9"
    assert read.of(PROXY, {FORWARDED: ["for=6.6.6.6, for=_x, for=10.9.9.9"]}) == (
        "10.9.9.9"
    )


@pytest.mark.parametrize("injected", HEADERS)
def test_a_client_chooses_its_address_by_neither_field(injected: str) -> None:
    forged = {XFF: ["6.6.6.6"], FORWARDED: ["for=6.6.6.6"]}
    truth = {XFF: ["192.0.2.7"], FORWARDED: ["for=192.0.2.7"]}
    other = next(name for name in HEADERS if name != injected)
    fields = {injected: forged[injected], other: truth[other]}

    assert addresses().of(PROXY, fields) == PROXY
    assert addresses(other).of(PROXY, fields) == "192.0.2.7"
    assert addresses().of(PROXY, truth) == "192.0.2.7"  # a proxy that sets both


@pytest.mark.parametrize("header", HEADERS)
def test_the_word_of_a_stranger_counts_for_nothing(header: str) -> None:
    fields = {XFF: ["6.6.6.6"], FORWARDED: ["for=6.6.6.6"]}

    assert addresses(header).of("192.0.2.9", fields) == "192.0.2.9"
    assert addresses(header, ()).of(PROXY, fields) == PROXY
    assert addresses(header).of(None, fields) == ""


def test_a_unix_socket_is_a_proxy_where_the_settings_say_so() -> None:
    on_socket = addresses(None, ["unix"])

    assert on_socket.of(None, {XFF: ["6.6.6.6, 192.0.2.7:1"]}) == "192.0.2.7"
    assert on_socket.of("", {FORWARDED: ["for=192.0.2.7"]}) == "192.0.2.7"
    assert on_socket.of(PROXY, {XFF: ["192.0.2.7"]}) == PROXY


@pytest.mark.parametrize(
    ("setting", "peer"),
    [
        ("10.0.0.5", "::ffff:10.0.0.5"),
        ("::ffff:10.0.0.0/104", PROXY),
        ("10.1.2.3/8", PROXY),
        ("fe80::1%eth0", "fe80::1%eth3"),
        ("2001:DB8::/32", "2001:db8::5"),
    ],
)
def test_proxies_are_networks_however_they_are_spelled(setting: str, peer: str) -> None:
    chosen = Settings.model_validate({"trusted_proxies": setting})

    read = addresses(None, chosen.trusted_proxies)

    assert read.of(peer, {XFF: ["192.0.2.7"]}) == "192.0.2.7"


EVERYBODY = ["*", "0.0.0.0/0", "::/0", "0.0.0.0/1,128.0.0.0/1", "::ffff:0:0/96"]
EVERYBODY += ["nginx", "10.0.0.5:80", "10.0.0.0/33", "::/1,8000::/1", "unix,*"]


@pytest.mark.parametrize("setting", EVERYBODY)
def test_trap_15_everybody_and_names_are_no_proxies(setting: str) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"trusted_proxies": setting})


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what operators were told, and forget it."""
    lines = [r.getMessage() for r in caplog.records if r.name == "auth_serve.proxies"]
    caplog.clear()
    return lines


def test_operators_hear_of_it_once_a_minute_for_each_proxy(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    clock = FakeClock()
    read = ClientAddress(TRUSTED, None, clock)

    for _ in range(100):
        read.of(PROXY, {XFF: ["hunter2"]})
        read.of("10.0.0.6", {FORWARDED: ["for=_hunter2"]})
    first = told(caplog)
    clock.advance(seconds=61)
    read.of(PROXY, {XFF: ["192.0.2.7"], FORWARDED: ["for=6.6.6.6"]})
    second = told(caplog)

    assert len(first) == 2 and PROXY in first[0] and "10.0.0.6" in first[1]
    assert not any("hunter2" in line for line in first)
    assert len(second) == 1 and "AUTH_SERVE_FORWARDED_HEADER" in second[0]


def test_a_proxy_that_nobody_named_is_told_once_whoever_they_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    read = addresses()

    for number in range(100):
        read.of(f"192.0.2.{number}", {XFF: ["192.0.2.7"]})
    by_network = told(caplog)
    addresses().of(None, {})
    by_socket = told(caplog)
    read.of("192.0.2.9", {})

    assert len(by_network) == 1 and "AUTH_SERVE_TRUSTED_PROXIES" in by_network[0]
    assert len(by_socket) == 1 and "Unix socket" in by_socket[0]
    assert told(caplog) == []


@asynccontextmanager
async def developer(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Whoever sits at this machine, or a proxy that does."""
    transport = ASGITransport(app=app, client=("127.0.0.1", 40_000))
    async with AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield http


PASSED_ON = [
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port"),
    *("X-Forwarded-Server", "X-Forwarded", "Forwarded", "Forwarded-For", "Via"),
    *("X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP"),
    *("Fly-Client-IP", "X-Cluster-Client-IP", "X-Original-Forwarded-For"),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_mailbox_is_closed_to_what_came_through_a_proxy(app: FastAPI) -> None:
    async with developer(app) as http:
        direct = await http.get("/dev/mailbox")
        answers = [
            await http.get("/dev/mailbox", headers={name: value})
            for name in PASSED_ON
            for value in ("127.0.0.1", "", "localhost")
        ]

    assert direct.status_code == 200
    assert {answer.status_code for answer in answers} == {404}
