"""Requests of the demo application to the service that it is part of.

They take the whole way of a request, from the middleware on, and no network: the door
to the outside lets nobody call this machine (ADR-0071). Whoever asks holds no
connection to the database meanwhile: the one process there is can always answer.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from starlette.types import Message

from app.core.context import begin, current

# What says who asks, and from where: limits count the person and not this machine.
_PASSED_ON = (b"host", b"forwarded", b"x-forwarded-for", b"x-forwarded-proto")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Reply:
    """What an endpoint answered; ``document`` is empty where it was no JSON object."""

    status: int
    document: Mapping[str, Any]


async def get(request: Request, path: str, bearer: str = "") -> Reply:
    """Open an address, perhaps with an access token."""
    fields = {"authorization": f"Bearer {bearer}"} if bearer else {}
    return await _ask(request, "GET", path, fields, b"")


async def post(request: Request, path: str, form: Mapping[str, str]) -> Reply:
    """Send a form."""
    return await _ask(
        request, "POST", path, {"content-type": _FORM}, urlencode(form).encode()
    )


async def _ask(
    request: Request, method: str, path: str, fields: Mapping[str, str], body: bytes
) -> Reply:
    outer, conversation = current(), _Conversation(body)
    try:
        await request.app(
            _scope(request, method, path, fields, body),
            conversation.receive,
            conversation.send,
        )
    finally:
        begin(outer)  # the other request was one of its own
    return conversation.reply()


def _scope(
    request: Request, method: str, path: str, fields: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    own = {"accept": "application/json", "x-request-id": current().correlation_id}
    own.update(fields)
    if body:
        own["content-length"] = str(len(body))
    passed = [pair for pair in request.scope["headers"] if pair[0] in _PASSED_ON]
    named = [(name.encode(), text.encode("latin-1")) for name, text in own.items()]
    known = ("asgi", "http_version", "scheme", "client", "server", "root_path")
    return {
        **{name: request.scope[name] for name in known if name in request.scope},
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [*passed, *named],
    }


class _Conversation:
    """Sends one body, and keeps what comes back."""

    def __init__(self, body: bytes) -> None:
        self._unsent: list[Message] = [{"type": "http.request", "body": body}]
        self._status = 0
        self._parts: list[bytes] = []

    async def receive(self) -> Message:
        if self._unsent:
            return self._unsent.pop()
        await asyncio.Event().wait()  # nobody hangs up
        raise AssertionError

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        else:
            self._parts.append(message.get("body", b""))

    def reply(self) -> Reply:
        try:
            document = json.loads(b"".join(self._parts))
        except ValueError:
            document = {}
        return Reply(self._status, document if isinstance(document, dict) else {})
