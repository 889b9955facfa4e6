"""A real SMTP server that keeps what it is sent, and fails as it is told."""

import asyncio
import email
import email.policy
import socket
import threading
from collections.abc import Awaitable
from email.message import EmailMessage
from typing import Any, Literal, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers.ports import LOOPBACK


class SmtpServer:
    """A mail server without TLS and authentication, in a thread of its own.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        messages: What was delivered, parsed, in order.
        envelopes: The same as sent: ``mail_from``, ``rcpt_tos``, raw ``content``.
        refuse_with: A reply such as ``"451 4.7.1 try later"`` for everything, or None.
        refuse_at: ``"RCPT"`` refuses each recipient, ``"DATA"`` the whole message.
        hang: While True, a message that was sent completely gets no reply at all; the
            client cannot know whether it was delivered. (It was not, even if the client
            is still there when this becomes False.)
        hold: While True, a message that was sent completely waits for its reply; it is
            delivered when this becomes False.
        waiting: How many messages were sent completely and have no reply yet.
    """

    def __init__(self, *, utf8: bool = True) -> None:
        """Prepare; ``utf8`` says whether SMTPUTF8 (RFC 6531) is offered."""
        self.messages: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.refuse_with: str | None = None
        self.refuse_at: Literal["RCPT", "DATA"] = "RCPT"
        self.hang = False
        self.hold = False
        self.waiting = 0
        self._arrived = threading.Condition()
        self._socket = socket.create_server((LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]
        self._controller = _Controller(self, self._socket, utf8)

    async def wait_for(self, count: int, within: float = 60) -> list[EmailMessage]:
        """Return the messages once there are that many.

        Raises:
            TimeoutError: So many did not arrive within these seconds.
        """
        return await asyncio.to_thread(self._wait_for, count, within)

    def _wait_for(self, count: int, within: float) -> list[EmailMessage]:
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.messages) >= count, within):
                raise TimeoutError(f"{len(self.messages)} of {count} messages arrived")
            return list(self.messages)

    async def handle_RCPT(  # aiosmtpd finds its hooks by name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take or refuse one recipient."""
        if self.refuse_with and self.refuse_at == "RCPT":
            return self.refuse_with
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep or refuse one message."""
        came_too_early = self.hang
        # Both are set from another thread: no Event fits.
        self.waiting += 1
        while self.hang or self.hold:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        self.waiting -= 1
        if came_too_early:
            return "421 4.3.2 Try later"
        if self.refuse_with and self.refuse_at == "DATA":
            return self.refuse_with
        assert isinstance(envelope.content, bytes)
        text = envelope.content.replace(b"\r\n", b"\n")  # the wire's, not the author's
        message = email.message_from_bytes(text, policy=email.policy.default)
        with self._arrived:
            self.envelopes.append(envelope)
            self.messages.append(message)
            self._arrived.notify_all()
        return "250 2.0.0 OK"

    def stop(self) -> None:
        """Close every connection and end the thread."""
        self._controller.stop()

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Controller(Controller):
    """Runs on a socket that is bound already: no other can take the port between."""

    def __init__(
        self, handler: SmtpServer, listening: socket.socket, utf8: bool
    ) -> None:
        # A name is given, or aiosmtpd would ask the resolver for one.
        super().__init__(
            handler,
            hostname=LOOPBACK,
            port=handler.port,
            server_hostname="localhost",
            enable_SMTPUTF8=utf8,
        )
        self._listening = listening

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        factory: Any = self._factory_invoker
        return self.loop.create_server(factory, sock=self._listening)
