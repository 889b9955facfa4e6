"""Mails of sign-ins at neither a known device nor a known network, and at no others."""

import struct
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from app.config import SettingsError, load_settings
from app.events.base import NOBODY
from app.services.process.process import Process
from app.services.sign_in.new_sign_in import MOST
from app.services.sign_in.origin import browser_of, masked
from app.services.sign_in.place import Places
from tests.accounts.test_factors import begin, confirm
from tests.factories.factor import FactorFactory
from tests.security.test_throttling import from_address
from tests.support.api import PASSWORD, Api, Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

AWAY, FURTHER = "203.0.113.7", "198.51.100.200"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LOGIN = "/api/v1/auth/login"


def login_of(person: Person, **more: Any) -> dict[str, Any]:
    return {"email": person.email, "password": PASSWORD} | more


async def sign_in(api: Api, person: Person, at: str = AWAY, **more: Any) -> Any:
    """Sign in with the password, at a network; return the answer."""
    async with from_address(api, at) as client:
        client.headers["User-Agent"] = FIREFOX
        return await client.post(LOGIN, json=login_of(person, **more))


async def by_password(api: Api, client: AsyncClient, person: Person) -> Any:
    return await client.post(LOGIN, json=login_of(person))


async def by_code(api: Api, client: AsyncClient, person: Person) -> Any:
    await client.post("/api/v1/auth/email-code", json={"email": person.email})
    body = {"email": person.email, "code": (await api.mailed("email_code")).code}
    return await client.post("/api/v1/auth/email-code/verify", json=body)


async def by_passkey(api: Api, client: AsyncClient, person: Person) -> Any:
    held = await FactorFactory(api.runtime).passkey(person.id)
    options = (await client.post("/api/v1/auth/passkey/options", json={})).json()
    body = {"response": held.get(options)}
    return await client.post("/api/v1/auth/passkey/verify", json=body)


async def by_second_step(api: Api, client: AsyncClient, person: Person) -> Any:
    app = await FactorFactory(api.runtime).totp(person.id)
    first = (await client.post(LOGIN, json=login_of(person))).json()
    assert first["code"] == "mfa_required"
    assert await api.mails("new_sign_in") == []  # nobody is in yet
    body = {"mfa_token": first["mfa_token"], "factor": "totp", "code": app.code}
    return await client.post("/api/v1/auth/mfa", json=body)


Way = Callable[[Api, AsyncClient, Person], Awaitable[Any]]
WAYS: list[Way] = [by_password, by_code, by_passkey, by_second_step]


@pytest.mark.parametrize("way", WAYS)
async def test_a_sign_in_from_elsewhere_is_mailed_whatever_the_way(
    api: Api, way: Way
) -> None:
    person = await api.person()

    async with from_address(api, AWAY) as client:
        answer = await way(api, client, person)

    assert answer.status_code == 200, answer.text
    [mail] = await api.mails("new_sign_in")
    assert mail["to"] == person.email
    session = Person(person.id, person.email, answer.json()).session_id
    assert mail["data"]["session_id"] == str(session)
    assert "sign_in.elsewhere" in await api.trail(person.id)


@pytest.mark.parametrize("way", WAYS[:-1])
async def test_a_known_network_is_not_told_of(api: Api, way: Way) -> None:
    person = await api.person()
    async with from_address(api, AWAY) as client:
        assert (await by_password(api, client, person)).status_code == 200
        told = len(await api.mails("new_sign_in"))

        client.cookies.clear()
        answer = await way(api, client, person)

    assert answer.status_code == 200
    assert len(await api.mails("new_sign_in")) == told == 1


async def test_a_network_that_a_second_step_made_known_is_not_told_of(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    app = await FactorFactory(api.runtime).totp(person.id)
    statuses = []

    for _ in range(2):
        async with from_address(api, AWAY) as client:
            token = (await client.post(LOGIN, json=login_of(person))).json()
            body = {"mfa_token": token["mfa_token"], "factor": "totp"}
            answer = await client.post(
                "/api/v1/auth/mfa", json=body | {"code": app.code}
            )
            statuses.append(answer.status_code)
        clock.advance(seconds=60)

    assert statuses == [200, 200]
    assert len(await api.mails("new_sign_in")) == 1


async def test_a_known_device_is_not_told_of(api: Api) -> None:
    person = await api.person()
    device = (await sign_in(api, person)).json()["device_token"]

    answer = await sign_in(api, person, FURTHER, device_token=device)

    assert answer.status_code == 200
    assert len(await api.mails("new_sign_in")) == 1  # of the first one


async def test_only_a_sign_in_that_is_told_of_takes_a_transaction(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await api.person()
    device = (await sign_in(api, person)).json()["device_token"]
    opened = []
    begin_work = Process.unit_of_work

    def counted(self: Process, *args: Any, **named: Any) -> Any:
        opened.append(1)
        return begin_work(self, *args, **named)

    monkeypatch.setattr(Process, "unit_of_work", counted)
    counts = []
    for at, known in ((AWAY, None), (FURTHER, device), ("198.18.0.1", None)):
        opened.clear()
        await sign_in(api, person, at, device_token=known)
        counts.append(len(opened))

    assert counts == [0, 0, 1]


async def test_another_accounts_device_is_told_of(api: Api) -> None:
    person, other = await api.person(), await api.person()
    device = (await sign_in(api, other)).json()["device_token"]

    await sign_in(api, person, FURTHER, device_token=device)

    [mail] = await api.mails("new_sign_in", person.email)
    assert mail["data"]["place"] == "Network 198.51.100.0/24"


async def test_a_device_that_a_new_password_made_unknown_is_told_of(api: Api) -> None:
    person = await api.person()
    device = (await sign_in(api, person)).json()["device_token"]
    await api.post("/auth/forgot-password", {"email": person.email})
    body = {"token": (await api.mailed("reset_password")).token}
    body["new_password"] = "another horse battery"
    assert (await api.post("/auth/reset-password", body)).status_code == 204

    await sign_in(
        api, person, FURTHER, device_token=device, password="another horse battery"
    )

    assert len(await api.mails("new_sign_in")) == 2


async def test_the_first_sign_in_and_a_registration_are_not_told_of(
    api: Api, app: FastAPI
) -> None:
    user = await api.users.with_password(PASSWORD)
    first = await sign_in(api, Person(user.id, user.email))
    visitor = Visitor(app, FURTHER)
    await visitor.submit(
        "/signup", {"email": "new@example.com", "password": PASSWORD, "name": ""}
    )

    assert first.status_code == 200
    assert await api.mails("new_sign_in") == []


async def test_an_address_that_nobody_confirmed_is_not_told(api: Api) -> None:
    person = await api.person(email_verified=False)

    assert (await sign_in(api, person)).status_code == 200

    assert await api.mails("new_sign_in") == []


async def test_a_wrong_password_is_not_told_of(api: Api) -> None:
    person = await api.person()

    assert (await sign_in(api, person, password="wrong")).status_code == 401

    assert await api.mails("new_sign_in") == []


async def test_mails_of_a_day_are_bounded(api: Api, clock: FakeClock) -> None:
    person = await api.person()
    for number in range(MOST + 2):
        answer = await sign_in(api, person, f"198.18.{number}.1")
        assert answer.status_code == 200
    today = len(await api.mails("new_sign_in"))

    clock.advance(seconds=86_400)
    await sign_in(api, person, "198.18.99.1")

    assert today == MOST
    assert len(await api.mails("new_sign_in")) == MOST + 1


async def test_the_link_of_the_mail_ends_that_session_and_what_it_set_up(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    clock.advance(seconds=60)
    thief = Person(person.id, person.email, (await sign_in(api, person)).json())
    app = await begin(api, thief, clock)
    assert (await confirm(api, thief, app.code())).status_code == 204

    answer = await api.post("/auth/not-me", {"token": await api.not_me("new_sign_in")})

    assert answer.status_code == 204
    assert (await api.get("/users/me", thief)).status_code == 401
    body = {"token": (await api.mailed("reset_password")).token}
    body["new_password"] = "another horse battery"
    assert (await api.post("/auth/reset-password", body)).status_code == 204
    again = await api.login(person.email, "another horse battery")
    assert again.status_code == 200  # without a code of the thief's app


async def test_the_network_and_device_of_a_thief_are_unknown_again(api: Api) -> None:
    person = await api.person()
    device = (await sign_in(api, person)).json()["device_token"]
    await api.post("/auth/not-me", {"token": await api.not_me("new_sign_in")})
    body = {"token": (await api.mailed("reset_password")).token}
    body["new_password"] = "another horse battery"
    assert (await api.post("/auth/reset-password", body)).status_code == 204

    password = body["new_password"]
    await sign_in(api, person, password=password, device_token=device)

    assert len(await api.mails("new_sign_in")) == 2


async def test_a_page_tells_likewise(api: Api, app: FastAPI) -> None:
    person = await api.person()

    page = await Visitor(app, AWAY).submit("/signin", login_of(person))

    assert page.status_code == 303
    assert len(await api.mails("new_sign_in")) == 1
    assert NOBODY not in [m["to"] for m in await api.mails("new_sign_in")]


@pytest.mark.parametrize(
    ("user_agent", "said"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/130 Safari/537 Edg/130",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU) AppleWebKit Version/18 Safari/605",
            "Safari on iPhone",
        ),
        ("curl/8.9", "A program"),
        ("visit evil.example now", "A program"),
        ("", "A program"),
    ],
)
def test_browsers_are_named_in_our_words(user_agent: str, said: str) -> None:
    assert browser_of(user_agent) == said


@pytest.mark.parametrize(
    ("ip", "said"),
    [
        ("203.0.113.7", "Network 203.0.113.0/24"),
        ("2001:db8:1:2::3", "Network 2001:db8:1::/48"),
        ("", "Network unknown"),
    ],
)
def test_addresses_are_masked(ip: str, said: str) -> None:
    assert masked(ip) == said


def encoded(value: Any) -> bytes:
    """Return a value as a MaxMind DB has it (2.0); bytes are encoded already."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        body = value.encode()
        return bytes([(2 << 5) | len(body)]) + body
    if isinstance(value, dict):
        pairs = b"".join(encoded(k) + encoded(v) for k, v in value.items())
        return bytes([(7 << 5) | len(value)]) + pairs
    return bytes([len(value), 11 - 7]) + b"".join(map(encoded, value))


def database_of(network: str, record: dict[str, Any]) -> bytes:
    """Return a MaxMind DB file that knows one network of IPv4."""
    known = ip_network(network)
    depth, address = known.prefixlen, int(known.network_address)
    tree = b""
    for level in range(depth):
        onward = depth + 16 if level == depth - 1 else level + 1
        sides = [depth, depth]  # the number of nodes means: nothing there
        sides[(address >> (31 - level)) & 1] = onward
        tree += b"".join(side.to_bytes(3, "big") for side in sides)
    short = bytes([(5 << 5) | 2])
    about = {
        "node_count": bytes([(6 << 5) | 4]) + struct.pack(">I", depth),
        "record_size": short + struct.pack(">H", 24),
        "ip_version": short + struct.pack(">H", 4),
        "database_type": "Test-City",
        "languages": ["en"],
        "binary_format_major_version": short + struct.pack(">H", 2),
        "binary_format_minor_version": short + struct.pack(">H", 0),
        "build_epoch": bytes([8, 9 - 7]) + struct.pack(">Q", 1),
        "description": {"en": "test"},
    }
    marker = b"\xab\xcd\xefMaxMind.com"
    return tree + bytes(16) + encoded(record) + marker + encoded(about)


BERLIN = {
    "subdivisions": [{"names": {"en": "Land\nBerlin"}}],
    "country": {"names": {"de": "Deutschland", "en": "Germany"}},
    "city": {"names": {"en": "Berlin"}},
}


@pytest.fixture
def geoip_file(tmp_path: Path) -> Path:
    path = tmp_path / "places.mmdb"
    path.write_bytes(database_of("203.0.113.0/24", BERLIN))
    return path


def test_places_are_coarse_and_of_the_operators_file(geoip_file: Path) -> None:
    places = Places(geoip_file)

    assert places.of("203.0.113.7") == "Land Berlin, Germany"  # and no city
    assert places.of("198.51.100.1") == ""
    assert places.of("2001:db8::1") == ""
    assert Places(None).of("203.0.113.7") == ""


async def test_the_mail_names_the_place(
    api: Api, geoip_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = api.runtime.settings.session
    changed = session.model_copy(update={"geoip_file": geoip_file})
    values = vars(api.runtime.settings)
    monkeypatch.setitem(values, "session", changed)
    person = await api.person()

    await sign_in(api, person)

    [mail] = await api.mails("new_sign_in")
    told = mail["data"]["browser"], mail["data"]["place"]
    assert told == ("Firefox on Linux", "Land Berlin, Germany")
    assert AWAY not in str(mail)


@pytest.mark.parametrize("content", [None, b"", b"not a database" * 100])
def test_a_wrong_file_is_refused_at_start_by_its_name(
    tmp_path: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "wrong.mmdb"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("AUTH_SERVE_SESSION__GEOIP_FILE", str(path))

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert "AUTH_SERVE_SESSION__GEOIP_FILE" in str(refused.value)
    assert "MaxMind" in str(refused.value)
