"""What becomes of each answer on its way out: safe headers, an id, its size counted."""

import asyncio
from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app.core.context import RequestContext
from app.core.whole_answer import EXTENSION, Field, WriteWhole, as_lines
from app.utils.base_path import fields_under

_LENGTH = b"content-length"
_NO_BODY = (204, 304)  # and so no length


class StandingFields:
    """Header fields that every answer has, unless it says them itself."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        """Encode them once, and not in every request."""
        self._fields = [_encoded(name, value) for name, value in fields.items()]
        self._lines: dict[tuple[bytes, ...], bytes] = {}

    def beside(self, fields: list[Field]) -> list[Field]:
        """Return what is not among the fields that an answer says itself."""
        said = {name for name, _ in fields}
        return [field for field in self._fields if field[0] not in said]

    def lines_beside(self, fields: list[Field]) -> bytes:
        """Return it as it goes over the wire; kept, for we choose all names."""
        said = tuple([name for name, _ in fields])
        lines = self._lines.get(said)
        if lines is None:
            lines = self._lines[said] = as_lines(self.beside(fields))
        return lines


class SentAnswer:
    """Passes an answer on, with the headers that every answer has."""

    def __init__(
        self,
        send: Send,
        context: RequestContext,
        standing: StandingFields,
        has_content: bool,
    ) -> None:
        """Stand before the server's ``send``."""
        self._send = send
        self._context = context
        self._standing = standing
        self._has_content = has_content
        self.wait = 0.0  # seconds
        self.base = b""  # the path of the public URL
        self.started = False
        self.status = 0
        self.bytes_out = 0

    async def __call__(self, message: Message) -> None:
        """Pass a message of an answer on."""
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            fields = list(message.get("headers", ()))
            if self.base:
                fields = fields_under(fields, self.base)
            message["headers"] = [
                *fields,
                *self._standing.beside(fields),
                *self._own_fields(),
            ]
            if self.wait:
                await asyncio.sleep(self.wait)
        elif message["type"] == "http.response.body":
            if not self._has_content:
                message = {**message, "body": b""}
            self.bytes_out += len(message.get("body", b""))
        await self._send(message)

    async def give(self, response: Response, scope: Scope, receive: Receive) -> None:
        """Answer, in one piece where the server can take it so."""
        write: WriteWhole | None = scope.get("extensions", {}).get(EXTENSION)
        if (
            write is None
            or not self._is_plain(response)
            or not self._put(write, response)
        ):
            await response(scope, receive, self)

    def _is_plain(self, response: Response) -> bool:
        """Tell whether nothing about it takes more than to be written."""
        return (
            type(response) is Response
            and self._has_content
            and not self.wait
            and response.background is None
            and not (self.base and "location" in response.headers)
            and response.status_code not in _NO_BODY
            and "Connection" not in self._context.headers
        )

    def _put(self, write: WriteWhole, response: Response) -> bool:
        fields = [field for field in response.raw_headers if field[0] != _LENGTH]
        lines = self._standing.lines_beside(fields)
        lines += as_lines([*fields, *self._own_fields()])
        body = bytes(response.body)
        if not write(self._send, response.status_code, lines, body):
            return False
        self.started, self.status = True, response.status_code
        self.bytes_out = len(body)
        return True

    def _own_fields(self) -> list[Field]:
        """Return what this request adds."""
        context = self._context
        fields = [
            _encoded(name.lower(), each) for name, each in context.headers.items()
        ]
        fields.append(_encoded("x-request-id", context.correlation_id))
        return fields


def _encoded(name: str, value: str) -> Field:
    return name.encode("latin-1"), value.encode("latin-1")
