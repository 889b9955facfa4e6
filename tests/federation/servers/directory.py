"""What a test has of a directory server, whichever it is, and who is in it.

A fixture is made of a server's ``running``::

    @pytest.fixture(scope="package")
    def directory(tmp_path_factory):
        with slapd.running(tmp_path_factory.mktemp("slapd"), bulk=2_500) as one:
            yield one

``make federation PEERS=slapd`` installs what that needs (``tests.federation.setup``).
Each server takes some seconds to set up (Samba a minute), so it is one for a package;
what a test changes it puts back, or changes of a person that no other test uses.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

PASSWORD = "correct-Horse-7-battery"
BULK = 2_500  # more than any server gives at once
DOMAIN = "corp.example"
BASE = "dc=corp,dc=example"


@dataclass(frozen=True)
class Person:
    """Somebody in the directory.

    Attributes:
        login: What they type: ``uid``, or ``sAMAccountName``.
        state: ``active``, or as in ``STATES``.
        groups: Names of those that list them; inner groups not followed.
    """

    login: str
    name: str
    dn: str
    state: str = "active"
    password: str = PASSWORD
    groups: tuple[str, ...] = ()

    @property
    def mail(self) -> str:
        """Their address."""
        return f"{self.login.replace('(', '').replace(')', '')}@{DOMAIN}"


STATES = {
    "dora": "disabled",
    "eve": "account_expired",  # Samba alone
    "pia": "password_expired",
    "max": "must_change",
    "lou": "locked",  # by three wrong passwords
    "gus": "grace",  # slapd alone: expired, and let in twice
    "wes": "about_to_expire",  # slapd and 389
    "cam": "active",  # free for a test to change
    "bea": "active",
    "ann": "active",
    "o(neil)": "active",  # filters and names have to be escaped for him
}
NAMES = {"o(neil)": 'O\'Neil, Söñke "Nick"'}
GROUPS = {
    "engineers": ("bea", "o(neil)"),
    "staff": ("ann", "engineers"),  # engineers are staff, by a group in a group
    "board": ("ann", "dora"),
}


def groups_of(login: str) -> tuple[str, ...]:
    """Return the groups that list somebody."""
    return tuple(name for name, members in GROUPS.items() if login in members)


def bulk_login(number: int) -> str:
    """Return what one of the many is called."""
    return f"user{number:05}"


class Program(Protocol):
    """A server program, which can be ended and started again."""

    def start(self) -> None:
        """Start it where it was."""
        ...

    def stop(self) -> None:
        """End it, and keep what it stores."""
        ...


@dataclass(frozen=True)
class Directory:
    """A running directory.

    Attributes:
        kind: ``openldap``, ``389`` or ``ad``.
        url: By LDAPS, at an address: for ``localhost``, libldap asks certificates for
            the name of the machine.
        plain_url: Without TLS, for StartTLS; Samba refuses simple binds without.
        ca_file: Whose certificate ``url`` has.
        user_base: Where people are; groups are under ``group_base``.
        reader: Name and password of an account that searches, as operators make one.
        admin: Of one that may change everything.
        people: By login; STATES says which there are.
        program: To end it and start it again on the same ports.
        bulk: How many more there are: ``bulk_login(0)`` and on; they have no password.
    """

    kind: str
    url: str
    plain_url: str
    ca_file: Path
    base: str
    user_base: str
    group_base: str
    reader: tuple[str, str]
    admin: tuple[str, str]
    people: Mapping[str, Person]
    program: Program
    bulk: int = 0
    bind_names: Mapping[str, str] = field(default_factory=dict)

    def bulk_dn(self, number: int) -> str:
        """Return the name of one of the many."""
        attribute = "cn" if self.kind == "ad" else "uid"
        return f"{attribute}={bulk_login(number)},{self.user_base}"

    def bind(self, name: str, password: str, *options: str) -> tuple[int, str]:
        """Return the result code of a simple bind, and what was said besides.

        By ldapsearch, so that it is no code of ours which is asked; -1 is no answer.
        """
        command = ["ldapsearch", "-x", "-H", self.url, "-D", name, "-w", password]
        done = self._run(*command, *options, "-b", "", "-s", "base", "1.1")
        said = done.stdout + done.stderr
        found = re.search(r"^ldap_bind: .*? \((\d+)\)", said, re.MULTILINE)
        if found:
            return int(found[1]), said
        return -1 if "ldap_sasl_bind" in said else 0, said

    def change(self, ldif: str) -> None:
        """Change entries as the administrator, by LDIF with ``changetype``."""
        name, password = self.admin
        done = self._run(
            "ldapmodify", "-x", "-H", self.url, "-D", name, "-w", password, text=ldif
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def search(self, base: str, query: str, *options: str) -> tuple[int, str]:
        """Return the result code of a search by the reader, and LDIF."""
        name, password = self.reader
        command = ["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", self.url]
        done = self._run(
            *command, "-D", name, "-w", password, "-b", base, query, *options
        )
        return done.returncode, done.stdout + done.stderr

    def lock(self, person: Person) -> None:
        """Type a wrong password too often."""
        for _ in range(4):
            self.bind(person.dn, "wrong-Horse-7-battery")

    def _run(self, *command: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        environment = {
            "PATH": os.defpath,
            "LC_ALL": "C.UTF-8",
            "LDAPTLS_CACERT": str(self.ca_file),
            "LDAPTLS_REQCERT": "demand",
        }
        return subprocess.run(
            command, input=text, env=environment, text=True, capture_output=True
        )
