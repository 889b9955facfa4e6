"""The mail and HTTP servers that the service talks to in tests."""

import socket
import struct
import threading
from email.message import EmailMessage, Message

import aiosmtplib
import httpx2
import pytest

from tests.servers.http import Answer, HttpServer
from tests.servers.ports import LOOPBACK
from tests.servers.smtp import SmtpServer


def letter(text: str = "Grüße") -> EmailMessage:
    """Return a message that needs more than ASCII."""
    message = EmailMessage()
    message["From"] = "service@example.com"
    message["To"] = "user@example.com"
    message["Subject"] = "Schlüssel"
    message.set_content(text)
    return message


async def send(server: SmtpServer, patience: float = 10) -> None:
    """Send one message as the service does."""
    await aiosmtplib.send(
        letter(), hostname=LOOPBACK, port=server.port, timeout=patience
    )


async def test_mail_arrives_parsed_with_its_envelope() -> None:
    with SmtpServer() as server:
        await send(server)
        await send(server)
        first, _ = await server.wait_for(2)

        with pytest.raises(TimeoutError, match="2 of 3"):
            await server.wait_for(3, within=0.01)

    assert first["Subject"] == "Schlüssel"
    assert first.get_content() == "Grüße\n"
    assert server.envelopes[0].rcpt_tos == ["user@example.com"]


async def test_mail_is_refused_as_told() -> None:
    with SmtpServer() as server:
        server.refuse_with = "451 4.7.1 try later"
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused, match="try later"):
            await send(server)
        server.refuse_at = "DATA"
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await send(server)
        server.refuse_with = None
        await send(server)

    assert refused.value.code == 451
    assert len(server.messages) == 1


async def test_a_mail_server_that_hangs_delivers_nothing_to_who_gave_up() -> None:
    with SmtpServer() as server:
        server.hang = True
        with pytest.raises(aiosmtplib.SMTPTimeoutError):
            await send(server, patience=0.3)
        server.hang = False
        await send(server)
        delivered = await server.wait_for(1)
        server.hang = True
        with pytest.raises(aiosmtplib.SMTPTimeoutError):
            await send(server, patience=0.3)

    assert len(delivered) == 1
    assert len(server.messages) == 1


async def test_http_requests_are_answered_and_remembered() -> None:
    def answer(method: str, path: str, headers: Message, body: bytes) -> Answer:
        return 202, {"X-Seen": f"{method} {path} {headers['x-a']}"}, body[::-1]

    with HttpServer(answer) as server:
        async with httpx2.AsyncClient() as client:
            response = await client.post(
                f"{server.url}/p?q=1", content=b"abc", headers={"X-A": "b"}
            )

    assert (response.status_code, response.content) == (202, b"cba")
    assert response.headers["X-Seen"] == "POST /p?q=1 b"
    assert [(r.path, r.body) for r in server.requests] == [("/p?q=1", b"abc")]


def test_a_bare_connection_counts_although_it_asks_nothing() -> None:
    with HttpServer() as server:
        untouched = server.connections
        with socket.create_connection((LOOPBACK, server.port)) as stranger:
            stranger.sendall(b"\x16\x03\x01 not HTTP\r\n\r\n")
            while stranger.recv(1000):
                pass

    assert untouched == 0
    assert server.connections == 1
    assert server.requests == []


def test_a_connection_that_nobody_accepted_yet_counts_at_the_end() -> None:
    with HttpServer() as server:
        server._server.shutdown()  # accepts nothing from here on
        with socket.create_connection((LOOPBACK, server.port)):
            waiting = server.connections
    with HttpServer() as untouched:
        pass

    assert (waiting, server.connections) == (0, 1)
    assert untouched.connections == 0


def test_a_client_that_breaks_off_is_no_mistake_of_the_server(
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = set(threading.enumerate())
    with HttpServer() as server:
        with socket.create_connection((LOOPBACK, server.port)) as stranger:
            stranger.sendall(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc")
            reset = struct.pack("ii", 1, 0)  # a close without a farewell
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    for thread in set(threading.enumerate()) - before:
        thread.join(10)

    assert capfd.readouterr().err == ""
    assert server.connections == 1
    assert server.requests == []


async def test_a_client_that_gives_up_does_no_harm_and_a_mistake_is_shown() -> None:
    asked, go_on = threading.Event(), threading.Event()

    def hang(method: str, path: str, headers: Message, body: bytes) -> Answer:
        asked.set()
        go_on.wait(10)
        raise LookupError("the test's own mistake")

    with pytest.raises(LookupError, match="own mistake"):
        with HttpServer(hang) as server:
            with pytest.raises(httpx2.TimeoutException):
                async with httpx2.AsyncClient(timeout=0.2) as client:
                    await client.get(server.url)
            asked.wait(10)
            go_on.set()
            server.handler = lambda *_: (200, {}, b"fine")
            async with httpx2.AsyncClient() as client:
                again = await client.get(server.url)

    assert again.content == b"fine"
