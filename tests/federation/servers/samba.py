"""Samba as an Active Directory domain controller, in a network of its own.

Its ports are fixed (389, 636), so it runs in a network namespace, where nothing else
listens, and two relays lead there from free ports. Only LDAP is served. It needs root.

``bind_names`` has what else people may be called at a bind: ``DOMAIN\\name``, UPN.
"""

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.federation.servers.directory import (
    BASE,
    DOMAIN,
    GROUPS,
    NAMES,
    PASSWORD,
    STATES,
    Directory,
    Person,
    bulk_login,
    groups_of,
)
from tests.federation.servers.installed import program
from tests.federation.servers.program import Restartable
from tests.servers.certificates import Authority
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.process import ServerFailed

SHORT = "CORP"
_PATIENCE = 60.0  # seconds until a start counts as hanging
_USERS, _GROUPS = f"OU=people,{BASE}", f"OU=groups,{BASE}"
_ELSEWHERE = {"grace", "about_to_expire", "password_expired"}  # states of others
_PEOPLE = Path(__file__).with_name("samba_people.py")
_ADMIN = ("administrator@corp.example", PASSWORD)
_READER = ("reader@corp.example", PASSWORD)
_MORE = """
  server services = ldap
  interfaces = lo
  bind interfaces only = yes
  tls certfile = {certificate}
  tls keyfile = {certificate}
  tls cafile = {authority}
"""
# What is in the network of its own: sockets of the file system cross its border.
_INSIDE = """PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
for port in 389 636; do
  socat UNIX-LISTEN:$0/$port,fork TCP:127.0.0.1:$port &
done
exec samba -i -M single -s "$1"
"""


class Domain:
    """Samba and the two relays to it."""

    def __init__(self, folder: Path, settings: Path, ports: dict[int, int]) -> None:
        """Start nothing yet; ``ports``: where those of LDAP are reached."""
        self._folder, self._url = folder, f"ldap://{LOOPBACK}:{ports[389]}"
        inside = ["sh", "-c", _INSIDE, str(folder), str(settings)]
        apart = ["unshare", "--net", "--pid", "--fork", "--kill-child"]
        self._samba = Restartable(
            [*apart, *inside],
            folder / "samba",
            None,
            stop_with=[signal.SIGKILL],  # which --kill-child hands on
        )
        self._relays = [
            Restartable(
                [
                    "socat",
                    f"TCP-LISTEN:{outside},bind={LOOPBACK},reuseaddr,fork",
                    f"UNIX-CONNECT:{folder}/{port}",
                ],
                folder / f"relay-{port}",
                outside,
            )
            for port, outside in ports.items()
        ]

    def start(self) -> None:
        """Start them, and wait until Samba answers."""
        self._samba.start()
        for one in self._relays:
            one.start()
        base = ["-x", "-H", self._url, "-b", "", "-s", "base"]
        ask = [program("ldapsearch", "samba"), *base, "-o", "nettimeout=2"]
        deadline = time.monotonic() + _PATIENCE
        while subprocess.run(ask, capture_output=True).returncode:
            if time.monotonic() > deadline:
                log = self._samba.log()
                self.stop()
                raise ServerFailed(log)
            time.sleep(0.2)

    def stop(self) -> None:
        """End them."""
        for one in (*self._relays, self._samba):
            one.stop()
        for port in (389, 636):
            (self._folder / str(port)).unlink(missing_ok=True)


@contextmanager
def running(folder: Path, bulk: int = 0) -> Iterator[Directory]:
    """Set a domain up in a folder of its own, and end it at the end.

    Args:
        folder: Empty.
        bulk: How many people there are besides.
    """
    authority = Authority.make(folder)
    certificate = authority.certify(LOOPBACK)
    certificate.chmod(0o600)
    people = _people()
    settings = _provision(folder / "domain", certificate, authority)
    _fill(settings, people, bulk)
    ports = {389: free_port(), 636: free_port()}
    domain = Domain(folder, settings, ports)
    domain.start()
    try:
        directory = Directory(
            kind="ad",
            url=f"ldaps://{LOOPBACK}:{ports[636]}",
            plain_url=f"ldap://{LOOPBACK}:{ports[389]}",
            ca_file=authority.file,
            base=BASE,
            user_base=_USERS,
            group_base=_GROUPS,
            reader=_READER,
            admin=_ADMIN,
            people=people,
            program=domain,
            bulk=bulk,
        )
        directory.lock(people["lou"])
        yield directory
    finally:
        domain.stop()


def _provision(where: Path, certificate: Path, authority: Authority) -> Path:
    """Return the settings of a new domain."""
    _run(
        program("samba-tool", "samba"),
        "domain",
        "provision",
        f"--targetdir={where}",
        f"--realm={DOMAIN.upper()}",
        f"--domain={SHORT}",
        "--server-role=dc",
        "--dns-backend=NONE",
        "--host-name=localhost",
        "--host-ip=127.0.0.1",
        f"--adminpass={PASSWORD}",
        f"--option=posix:eadb={where}/eadb.tdb",
    )
    settings = where / "etc" / "smb.conf"
    more = _MORE.format(certificate=certificate, authority=authority.file)
    text = settings.read_text().replace("[global]", f"[global]{more}", 1)
    settings.write_text(text)
    return settings


def _fill(settings: Path, people: Mapping[str, Person], bulk: int) -> None:
    order = {
        "base": BASE,
        "domain": DOMAIN,
        "password": PASSWORD,
        "people": [
            {"login": one.login, "name": one.name, "mail": one.mail, "state": one.state}
            for one in people.values()
        ],
        "groups": GROUPS,
        "reader": "reader",
        "bulk": [bulk_login(number) for number in range(bulk)],
    }
    # Debian's own Python has Samba's modules.
    _run("/usr/bin/python3", "-I", str(_PEOPLE), str(settings), input=json.dumps(order))


def _people() -> dict[str, Person]:
    return {
        login: Person(
            login=login,
            name=NAMES.get(login, login.title()),
            dn=f"CN={_escaped(NAMES.get(login, login.title()))},{_USERS}",
            state=state,
            groups=groups_of(login),
        )
        for login, state in STATES.items()
        if state not in _ELSEWHERE
    }


def _escaped(name: str) -> str:
    return re.sub(r'([",\\+;<>=])', r"\\\1", name)


def _run(*command: str, input: str = "") -> None:
    done = subprocess.run(command, input=input, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
