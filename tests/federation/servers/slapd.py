"""OpenLDAP's slapd with the password policy and memberOf overlays.

``reader`` may have 500 entries of a search, paged or not, which is slapd's own limit;
``importer`` has none. People were loaded as from a backup, groups one by one (memberOf
knows of no other), so ``memberOf`` is there; it is given only when it is asked for.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.federation.servers import ldif
from tests.federation.servers.directory import (
    BASE,
    GROUPS,
    PASSWORD,
    Directory,
    Person,
    bulk_login,
)
from tests.federation.servers.installed import program
from tests.federation.servers.program import Restartable
from tests.servers.certificates import Authority
from tests.servers.ports import LOOPBACK, free_port

IMPORTER = f"cn=importer,{BASE}"
EVERYBODY = "everybody"  # a group
_READER, _ADMIN = f"cn=reader,{BASE}", f"cn=admin,{BASE}"
_USERS, _GROUPS = f"ou=people,{BASE}", f"ou=groups,{BASE}"
_POLICIES = f"ou=policies,{BASE}"
_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
moduleload memberof
TLSCertificateFile {certificate}
TLSCertificateKeyFile {certificate}
pidfile {folder}/slapd.pid
database mdb
maxsize 2147483648
suffix "{base}"
rootdn "{admin}"
rootpw {password}
directory {folder}/data
index objectClass,uid,mail,member eq
index entryUUID,entryCSN eq
overlay ppolicy
ppolicy_default "cn=usual,{policies}"
ppolicy_hash_cleartext
overlay memberof
memberof-refint TRUE
limits dn.exact="{importer}" size=unlimited
access to attrs=userPassword by self write by anonymous auth by * none
access to * by self write by * read
"""
_POLICY = {
    "pwdAttribute": "userPassword",
    "pwdLockout": "TRUE",
    "pwdMaxFailure": "3",
    "pwdMinLength": "8",
    "pwdCheckQuality": "1",
    "pwdMustChange": "TRUE",
    "pwdMaxAge": str(90 * 86_400),
    "pwdExpireWarning": str(7 * 86_400),
}
_AGE = {"pia": 100, "gus": 100, "wes": 88}  # days since the password was chosen


@contextmanager
def running(
    folder: Path, bulk: int = 0, *, together: bool = False
) -> Iterator[Directory]:
    """Set a slapd up in a folder of its own, and end it at the end.

    Args:
        folder: Empty.
        bulk: How many people there are besides.
        together: Whether those are in a group.
    """
    authority = Authority.make(folder)
    certificate = authority.certify(LOOPBACK)
    (folder / "data").mkdir()
    file = folder / "slapd.conf"
    file.write_text(
        _CONFIGURATION.format(
            certificate=certificate,
            folder=folder,
            base=BASE,
            admin=_ADMIN,
            password=PASSWORD,
            policies=_POLICIES,
            importer=IMPORTER,
        )
    )
    people = ldif.people_but({"account_expired"}, _USERS)
    load = [program("slapadd", "slapd"), "-q", "-f", str(file)]
    more = (ldif.one_of_many(number, _USERS) for number in range(bulk))
    entries = [*_frame(), *map(_loaded, people.values()), *more]
    entries += [_everybody(bulk)] if together else []
    subprocess.run(load, input="\n".join(entries), text=True, check=True)
    secure, plain = free_port(), free_port()
    urls = f"ldap://{LOOPBACK}:{plain} ldaps://{LOOPBACK}:{secure}"
    command = [program("slapd", "slapd"), "-f", str(file), "-h", urls, "-d", "0"]
    with Restartable(command, folder / "run", secure) as server:
        directory = Directory(
            kind="openldap",
            url=f"ldaps://{LOOPBACK}:{secure}",
            plain_url=f"ldap://{LOOPBACK}:{plain}",
            ca_file=authority.file,
            base=BASE,
            user_base=_USERS,
            group_base=_GROUPS,
            reader=(_READER, PASSWORD),
            admin=(_ADMIN, PASSWORD),
            people=people,
            program=server,
            bulk=bulk,
        )
        groups = (ldif.group(name, people, _GROUPS) for name in GROUPS)
        directory.change("\n".join(groups))
        directory.lock(people["lou"])
        yield directory


def _everybody(bulk: int) -> str:
    """Return a group with everybody in it who is there besides, as LDIF."""
    people = (f"uid={bulk_login(at)},{_USERS}" for at in range(bulk))
    return (
        f"dn: cn={EVERYBODY},{_GROUPS}\nobjectClass: groupOfNames\ncn: {EVERYBODY}\n"
        + "".join(f"member: {dn}\n" for dn in people)
    )


def _frame() -> Iterator[str]:
    """Return what stands around people, as LDIF."""
    yield (
        f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\n"
        "dc: corp\no: Corp\n"
    )
    for dn in (_USERS, _GROUPS, _POLICIES):
        yield ldif.unit(dn)
    for name, more in {"usual": {}, "graceful": {"pwdGraceAuthNLimit": "2"}}.items():
        members = "".join(f"{k}: {v}\n" for k, v in (_POLICY | more).items())
        yield (
            f"dn: cn={name},{_POLICIES}\nobjectClass: device\n"
            f"objectClass: pwdPolicy\ncn: {name}\n{members}"
        )
    yield ldif.account(_READER, PASSWORD)
    yield ldif.account(IMPORTER, PASSWORD)


def _loaded(person: Person) -> str:
    chosen = datetime.now(UTC) - timedelta(days=_AGE.get(person.login, 1))
    lines = [
        f"userPassword: {person.password}",
        f"pwdChangedTime: {chosen:%Y%m%d%H%M%SZ}",
    ]
    if person.state == "disabled":  # for good, as draft-behera-ldap-password-policy has
        lines.append("pwdAccountLockedTime: 000001010000Z")
    if person.state == "must_change":
        lines.append("pwdReset: TRUE")
    if person.state == "grace":
        lines.append(f"pwdPolicySubentry: cn=graceful,{_POLICIES}")
    return ldif.entry(person) + "\n".join(lines) + "\n"
