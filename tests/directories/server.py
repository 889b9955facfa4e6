"""A directory for tests: real LDAP over real sockets, and whatever lies a test wants.

It judges binds and filters by itself, so that what is asked has to be right; what real
directories answer is in ``tests/federation``.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.upstreams.directory import ber, message
from app.upstreams.directory.dn import canonical_or_as_is
from app.upstreams.directory.message import PAGED, PASSWORD_MODIFY, START_TLS

BASE = "dc=example,dc=com"
PEOPLE, GROUPS = f"ou=people,{BASE}", f"ou=groups,{BASE}"
SEARCHER, SEARCHER_PASSWORD = f"cn=search,{BASE}", "search-secret"
_IN_CHAIN = b"1.2.840.113556.1.4.1941"
Answer = tuple[int, str, Mapping[str, bytes]]
Values = dict[str, list[bytes]]


def settings_of(*servers: str) -> dict[str, Any]:
    """Return what a connection with it is set up with."""
    return {
        "servers": list(servers),
        "start_tls": not servers[0].startswith("ldap://"),
        "bind_name": SEARCHER,
        "bind_password": SEARCHER_PASSWORD,
        "user_base": PEOPLE,
        "group_base": GROUPS,
    }


def ppolicy(
    *, error: int | None = None, grace: int | None = None, expires: int | None = None
) -> dict[str, bytes]:
    """Return the control of password policies (draft-behera, section 6.2)."""
    warning = b""
    if expires is not None:
        warning = ber.element(0xA0, ber.integer(expires, 0x80))
    if grace is not None:
        warning = ber.element(0xA0, ber.integer(grace, 0x81))
    told = b"" if error is None else ber.integer(error, 0x81)
    return {message.PASSWORD_POLICY: ber.sequence(warning, told)}


@dataclass
class Directory:
    """What is in it, and how it behaves.

    Attributes:
        entries: By DN; names of attributes in lower case.
        passwords: By DN.
        bind_answers: By DN, instead of 0 or 49: with the right password, and else.
        most: Entries that it tells in total, as slapd does; 0 is all.
        raw: Instead of any answer, these bytes, by the tag of the request.
        silent: Tags of requests that are never answered.
        references: Search references that go along with each search.
        seen: What was asked: operation and a detail.
        certificate: With its key, for TLS; at once if ``implicit``.
        after_start_tls: What is sent in plain behind the answer to StartTLS.
        hook: Is awaited before each answer.
    """

    entries: dict[str, Values] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    bind_answers: dict[str, tuple[Answer, Answer]] = field(default_factory=dict)
    change_answer: Answer = (0, "", {})
    most: int = 0
    raw: dict[int, bytes] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)
    references: Sequence[str] = ()
    seen: list[tuple[str, Any]] = field(default_factory=list)
    certificate: Path | None = None
    implicit: bool = False
    after_start_tls: bytes = b""
    port: int = 0
    hook: Callable[[], Awaitable[None]] | None = None
    _serving: list["asyncio.Task[Any]"] = field(default_factory=list)

    def settings(self) -> dict[str, Any]:
        """Return those of a connection that believes its addresses, in plain."""
        return settings_of(f"ldap://127.0.0.1:{self.port}") | {"verified_mail": True}

    def add(self, dn: str, password: str | None = None, **values: Any) -> None:
        """Add an entry; values are bytes or text, one or several."""
        found: Values = {}
        for name, given in values.items():
            several = given if isinstance(given, list) else [given]
            found[name.lower()] = [
                each if isinstance(each, bytes) else str(each).encode()
                for each in several
            ]
        self.entries[dn] = found
        if password is not None:
            self.passwords[canonical_or_as_is(dn)] = password

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Directory"]:
        """Serve on a port of its own."""
        context = None
        if self.certificate is not None and self.implicit:
            context = self._context()
        server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=context
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._serving):
                task.cancel()
            await asyncio.gather(*list(self._serving), return_exceptions=True)

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        assert self.certificate is not None
        context.load_cert_chain(self.certificate)
        return context

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.append(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while await self._answer(reader, writer):
                    await writer.drain()
        finally:
            writer.transport.abort()
            self._serving.remove(task)

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        found = await _read(reader)
        if found.tag == message.UNBIND:
            return False
        if found.tag in self.silent:
            await asyncio.sleep(3_600)
        if found.tag in self.raw:
            writer.write(
                self.raw[found.tag].replace(b"\x02\x01\x7f", bytes((2, 1, found.id)))
            )
            return True
        if self.hook is not None:
            await self.hook()
        if found.tag == message.BIND:
            self._bind(found, writer)
        elif found.tag == message.SEARCH:
            self._search(found, writer)
        elif found.tag == message.MODIFY:
            self.seen.append(("modify", _changes(found.body)))
            _say(writer, found.id, message.MODIFY_DONE, self.change_answer)
        elif found.tag == message.EXTENDED:
            return await self._extended(found, writer)
        return True

    def _bind(self, found: message.Message, writer: asyncio.StreamWriter) -> None:
        (_, _version), (_, name), (_, password) = ber.children(found.body)
        dn, key = name.decode(), canonical_or_as_is(name.decode())
        self.seen.append(("bind", dn))
        is_right = self.passwords.get(key) == password.decode() and password != b""
        answer: Answer = (0, "", {}) if is_right else (49, "", {})
        if key in self.bind_answers:
            answer = self.bind_answers[key][0 if is_right else 1]
        _say(writer, found.id, message.BIND_DONE, answer)

    def _search(self, found: message.Message, writer: asyncio.StreamWriter) -> None:
        parts = list(ber.children(found.body))
        base, scope = parts[0][1].decode(), parts[1][1][0]
        most = ber.whole(parts[3][1])
        wanted = [each.decode().lower() for _, each in ber.children(parts[7][1])]
        hits = [
            (dn, values)
            for dn, values in self.entries.items()
            if _is_below(dn, base, scope) and self._meets(dn, values, parts[6])
        ]
        self.seen.append(("search", base))
        code, total = 0, len(hits)
        if self.most and total > self.most:
            hits, code = hits[: self.most], 4
        controls: dict[str, bytes] = {}
        if PAGED in found.controls:
            hits, controls, is_last = _page(hits, found.controls[PAGED])
            code = code if is_last else 0
        elif most and len(hits) > most:
            hits, code = hits[:most], 4
        for dn, values in hits:
            writer.write(_entry(found.id, dn, values, wanted))
        for url in self.references:
            reference = ber.element(message.REFERENCE, ber.octets(url))
            writer.write(message.envelope(found.id, reference))
        _say(writer, found.id, message.SEARCH_DONE, (code, "", controls))

    async def _extended(
        self, found: message.Message, writer: asyncio.StreamWriter
    ) -> bool:
        parts = list(ber.children(found.body))
        oid = parts[0][1].decode()
        self.seen.append(("extended", oid))
        if oid == START_TLS and self.certificate is not None:
            _say(writer, found.id, message.EXTENDED_DONE, (0, "", {}))
            writer.write(self.after_start_tls)
            await writer.start_tls(self._context())
            return True
        if oid == PASSWORD_MODIFY:
            (_, members), *_rest = ber.children(parts[1][1])
            (_, dn), (_, old), (_, new) = ber.children(members)
            key = canonical_or_as_is(dn.decode())
            if self.change_answer[0] == 0 and self.passwords.get(key) == old.decode():
                self.passwords[key] = new.decode()
                self.bind_answers.pop(key, None)
            _say(writer, found.id, message.EXTENDED_DONE, self.change_answer)
            return True
        _say(writer, found.id, message.EXTENDED_DONE, (2, "no such operation", {}))
        return True

    def _meets(self, dn: str, values: Values, wanted: tuple[int, bytes]) -> bool:
        tag, body = wanted
        if tag == 0xA0:
            return all(self._meets(dn, values, each) for each in ber.children(body))
        if tag == 0xA1:
            return any(self._meets(dn, values, each) for each in ber.children(body))
        if tag == 0xA2:
            return not self._meets(dn, values, next(ber.children(body)))
        if tag == 0x87:
            return body.decode().lower() in {"objectclass", *values}
        if tag == 0xA9:
            return self._in_chain(dn, dict(ber.children(body)))
        assert tag == 0xA3, f"a filter of {tag:#x}"
        (_, name), (_, value) = ber.children(body)
        held = values.get(name.decode().lower(), [])
        return _folded(value) in {_folded(each) for each in held}

    def _in_chain(self, dn: str, parts: Mapping[int, bytes]) -> bool:
        assert parts[0x81] == _IN_CHAIN
        if parts[0x82].lower() == b"memberof":
            return self._is_inside(dn, parts[0x83])
        above, found = {_folded(parts[0x83])}, set[str]()
        while above:
            next_up = {
                name
                for name, values in self.entries.items()
                if name not in found
                and above & {_folded(each) for each in values.get("member", [])}
            }
            found |= next_up
            above = {_folded(each.encode()) for each in next_up}
        return dn in found

    def _is_inside(self, dn: str, group: bytes) -> bool:
        inside, below = set[bytes](), {_folded(group)}
        while below:
            inside |= below
            below = {
                _folded(each)
                for name, values in self.entries.items()
                if _folded(name.encode()) in below
                for each in values.get("member", [])
            } - inside
        own = _folded(dn.encode())
        return own in inside and own != _folded(group)


def _folded(value: bytes) -> bytes:
    try:
        return canonical_or_as_is(value.decode()).casefold().encode()
    except UnicodeDecodeError:
        return value


def _is_below(dn: str, base: str, scope: int) -> bool:
    own, above = canonical_or_as_is(dn), canonical_or_as_is(base)
    return own == above or (scope == message.SUBTREE and own.endswith(f",{above}"))


def _page(
    hits: list[tuple[str, Values]], control: bytes
) -> tuple[list[tuple[str, Values]], dict[str, bytes], bool]:
    (_, body), *_rest = ber.children(control)
    (_, size), (_, cookie) = ber.children(body)
    at, count = int(cookie or b"0"), ber.whole(size)
    is_last = at + count >= len(hits)
    told = b"" if is_last else str(at + count).encode()
    answer = ber.sequence(ber.integer(0), ber.octets(told))
    return hits[at : at + count], {PAGED: answer}, is_last


def _entry(number: int, dn: str, values: Values, wanted: Sequence[str]) -> bytes:
    told = [
        ber.sequence(
            ber.octets(name), ber.element(ber.SET, *(ber.octets(v) for v in held))
        )
        for name, held in values.items()
        if name.partition(";")[0] in wanted  # an option of it is told with it
    ]
    body = ber.element(message.ENTRY, ber.octets(dn), ber.sequence(*told))
    return message.envelope(number, body)


def _changes(body: bytes) -> list[tuple[int, str, bytes]]:
    (_, _dn), (_, listed) = ber.children(body)
    found = []
    for _, change in ber.children(listed):
        (_, how), (_, attribute) = ber.children(change)
        (_, name), (_, values) = ber.children(attribute)
        found.append((how[0], name.decode(), next(ber.children(values))[1]))
    return found


def _say(writer: asyncio.StreamWriter, number: int, tag: int, answer: Answer) -> None:
    code, text, controls = answer
    body = ber.element(
        tag, ber.integer(code, ber.ENUMERATED), ber.octets(""), ber.octets(text)
    )
    told = [message.Control(oid, value) for oid, value in controls.items()]
    writer.write(message.envelope(number, body, told))


async def _read(reader: asyncio.StreamReader) -> message.Message:
    head = await reader.readexactly(2)
    sizes = ber.size_of(head)
    if sizes is None:
        head += await reader.readexactly(head[1] & 0x7F)
        sizes = ber.size_of(head)
    assert sizes is not None
    return message.read(await reader.readexactly(sizes[1]))
