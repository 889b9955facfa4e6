"""The sockets that a server listens on once it has started."""

import errno
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress

UNIX = "unix:"
# Classic BPF: look at SYN and ACK of a TCP segment; drop what is SYN alone.
_NO_SYN = (
    (0x30, 0, 0, 13),
    (0x54, 0, 0, 0x12),
    (0x15, 0, 1, 0x02),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0xFFFF_FFFF),
)
_SO_ATTACH_FILTER = 26  # of Linux
_ANY_4, _ANY_6 = "0.0.0.0", "::"
_ADVICE = {
    errno.EADDRINUSE: "the port is taken; choose another: --port N, make serve PORT=N",
    errno.EAFNOSUPPORT: "this machine has no IPv6; --host 0.0.0.0 is all of IPv4",
    errno.EADDRNOTAVAIL: "no address of this machine; --host :: is all of them",
    errno.EACCES: "not allowed; ports below 1024 are for root",
}


class CannotListen(Exception):
    """No socket there; the text is for people."""


def bind(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Return a socket for each address; nobody is let in before it listens.

    Args:
        hosts: Names, addresses, or ``unix:`` and a path. ``::`` is all of IPv4 as well.
        port: For all but Unix sockets.

    Raises:
        CannotListen: Of the first that fails; none is left open.
    """
    sockets: list[socket.socket] = []
    try:
        for host in dict.fromkeys(host.strip("[]") for host in hosts):
            if not host:
                raise CannotListen("cannot listen: --host is empty; :: is everywhere")
            for made in _sockets(host, port, hosts):
                sockets.append(made)
    except BaseException:
        for made in sockets:
            made.close()
        raise
    return sockets


def address_of(made: socket.socket) -> str:
    """Return where a socket listens, as people write it."""
    name = made.getsockname()
    if made.family == socket.AF_UNIX:
        return f"{UNIX}{name}"
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"http://{host}:{name[1]}"


def hold_off(listening: socket.socket) -> bool:
    """Let nobody new begin to connect; who began may finish.

    Between the last look into the queue and the end of a socket somebody can still come
    in, and is reset. So first the way to the socket is closed: a new SYN is dropped
    where it arrives, and the client's system sends it again a second later, when it is
    refused; a path is removed.

    Returns:
        Whether it was done; other systems than Linux have no such way.
    """
    if listening.family == socket.AF_UNIX:
        with suppress(OSError):
            os.unlink(listening.getsockname())
        return True
    if sys.platform != "linux":
        return False
    import ctypes  # here: a third of a megabyte, for the last moment of a process

    code = b"".join(struct.pack("HBBI", *each) for each in _NO_SYN)
    kept = ctypes.create_string_buffer(code)
    program = struct.pack("HP", len(_NO_SYN), ctypes.addressof(kept))
    try:
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
    except OSError:
        return False
    return True


def _sockets(host: str, port: int, hosts: Sequence[str]) -> Iterator[socket.socket]:
    where = host if host.startswith(UNIX) else f"{host}:{port}"
    try:
        if host.startswith(UNIX):
            yield _unix(host.removeprefix(UNIX))
            return
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, address in dict.fromkeys((each[0], each[4]) for each in found):
            if not _is_covered(str(address[0]), hosts):
                yield _internet(family, address, is_dual=_ANY_4 not in hosts)
    except OSError as error:
        reason = _ADVICE.get(error.errno or 0, str(error.strerror))
        raise CannotListen(f"cannot listen on {where}: {reason}") from None


def _is_covered(address: str, hosts: Sequence[str]) -> bool:
    """Tell whether another host of the list is every address, this one included."""
    if address in (_ANY_4, _ANY_6):
        return False
    everywhere = [host.strip("[]") for host in hosts]
    return _ANY_6 in everywhere or (_ANY_4 in everywhere and ":" not in address)


def _internet(
    family: socket.AddressFamily, address: object, *, is_dual: bool
) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Whatever the system's default is: :: is both families, or says it is not.
            alone = int(not (is_dual and str(address).startswith("('::',")))
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, alone)
        made.bind(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made


def _unix(path: str) -> socket.socket:
    """Return a socket at a path; what a dead process left there is in the way."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_dead(path):
            os.unlink(path)
        made.bind(path)
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made


def _is_dead(path: str) -> bool:
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(path)
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False
