"""A DNS server on loopback that knows TXT records, and what is asked of it."""

import socket
import threading
from typing import Self

import dns.message
import dns.rcode
import dns.rrset

from tests.servers.ports import LOOPBACK


class DnsServer:
    """Answers over UDP.

    Attributes:
        records: TXT records by name.
        asked: The names that were asked for.
        rcode: What is answered besides; SERVFAIL is a resolver that cannot say.
        broken: Names of which it cannot say, while it can of others.
    """

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.rcode = dns.rcode.NOERROR
        self.broken: set[str] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        """Where it is, as ``AUTH_SERVE_OUTBOUND__DNS_SERVERS`` has it."""
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, back = self._socket.recvfrom(4_096)
            if not data:
                return
            question = dns.message.from_wire(data)
            name = question.question[0].name.to_text(omit_final_dot=True)
            self.asked.append(name)
            answer = dns.message.make_response(question, recursion_available=True)
            texts = self.records.get(name, [])
            known = dns.rcode.NOERROR if texts else dns.rcode.NXDOMAIN
            fault = dns.rcode.SERVFAIL if name in self.broken else self.rcode
            answer.set_rcode(fault or known)
            if texts and not fault:
                quoted = [f'"{text}"' for text in texts]
                rrset = dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", *quoted)
                answer.answer.append(rrset)
            self._socket.sendto(answer.to_wire(), back)
