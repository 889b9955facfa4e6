"""The range client, against a real server that speaks as Have I Been Pwned does."""

import hashlib
import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from app.core.circuit_breaker import CircuitBreakers
from app.core.clock import SystemClock
from app.core.outbound import OutboundClient
from app.services.accounts.breached_password import BreachedPasswordService
from tests.servers.http import HttpServer

PASSWORD = "P@ssw0rd"
DIGEST = hashlib.sha1(PASSWORD.encode()).hexdigest().upper()
PREFIX, SUFFIX = DIGEST[:5], DIGEST[5:]
OTHER = "0" * 35


@pytest.fixture
def hibp() -> Iterator[HttpServer]:
    with HttpServer() as server:
        yield server


@pytest.fixture
async def service(hibp: HttpServer) -> AsyncIterator[BreachedPasswordService]:
    client = OutboundClient(
        CircuitBreakers(SystemClock()), allowed_hosts=frozenset({"127.0.0.1"})
    )
    yield BreachedPasswordService(client, base_url=f"{hibp.url}/")
    await client.close()


def reply(hibp: HttpServer, text: str, status: int = 200) -> None:
    hibp.handler = lambda *_: (status, {}, text.encode())


async def test_only_five_digits_leave_and_padding_is_asked_for(
    hibp: HttpServer, service: BreachedPasswordService
) -> None:
    await service.is_breached(PASSWORD)

    [asked] = hibp.requests
    assert (asked.method, asked.path) == ("GET", f"/range/{PREFIX}")
    assert asked.headers["Add-Padding"] == "true"
    assert SUFFIX not in str(asked)
    assert PASSWORD not in str(asked)


@pytest.mark.parametrize(
    ("text", "breached"),
    [
        (f"{OTHER}:3\r\n{SUFFIX}:52256179\r\n", True),
        (f"{OTHER}:3\n{SUFFIX.lower()}:1", True),
        (f"garbage\r\n\r\n:::\r\n☃\r\n {SUFFIX} : 7 \r\n", True),
        (f"{SUFFIX}:0\r\n{OTHER}:9\r\n", False),
        (f"{OTHER}:52256179\r\n", False),
        (f"{SUFFIX[:-1]}:5\r\n{SUFFIX}A:5\r\n{OTHER}:1", False),
        (f"{SUFFIX}:0000\r\n{SUFFIX}\r\n{SUFFIX}:many\r\n", False),
        (f"{SUFFIX}:{'9' * 5000}\r\n{OTHER}:1", False),
        ("", None),
        ("<html>Sign in to this network</html>", None),
    ],
)
async def test_the_suffix_is_found_among_the_lines(
    hibp: HttpServer, service: BreachedPasswordService, text: str, breached: bool | None
) -> None:
    reply(hibp, text)

    assert await service.is_breached(PASSWORD) is breached


async def test_spellings_of_one_password_are_one_password(
    hibp: HttpServer, service: BreachedPasswordService
) -> None:
    await service.is_breached("passw\u00f6rd")
    await service.is_breached("passwo\u0308rd")

    first, second = hibp.requests
    assert first.path == second.path


@pytest.mark.parametrize("status", [400, 404, 429, 503, 302])
async def test_an_answer_that_is_none_is_logged_with_its_reason(
    hibp: HttpServer,
    service: BreachedPasswordService,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    reply(hibp, f"{SUFFIX}:1", status)

    assert await service.is_breached(PASSWORD) is None

    [record] = [r for r in caplog.records if r.name == "auth_serve.breached_password"]
    assert record.levelno == logging.WARNING
    assert vars(record)["reason"]
    assert PREFIX not in str(vars(record))


async def test_an_open_breaker_asks_nobody_and_says_so(
    hibp: HttpServer,
    service: BreachedPasswordService,
    caplog: pytest.LogCaptureFixture,
) -> None:
    reply(hibp, "", 500)
    for _ in range(5):
        assert await service.is_breached(PASSWORD) is None

    assert await service.is_breached(PASSWORD) is None

    assert len(hibp.requests) == 5
    assert "is open" in vars(caplog.records[-1])["reason"]


async def test_a_flood_of_lines_is_not_read(
    hibp: HttpServer, service: BreachedPasswordService
) -> None:
    reply(hibp, f"{OTHER}:1\r\n" * 10_000 + f"{SUFFIX}:1\r\n")

    assert await service.is_breached(PASSWORD) is None


async def test_a_server_that_may_not_be_called_is_the_same_as_none(
    hibp: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = OutboundClient(CircuitBreakers(SystemClock()))
    service = BreachedPasswordService(client, base_url=hibp.url)

    assert await service.is_breached(PASSWORD) is None

    assert hibp.connections == 0
    assert "plain http" in vars(caplog.records[-1])["reason"]
