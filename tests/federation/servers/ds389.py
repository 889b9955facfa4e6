"""389 Directory Server with its password policy; the memberOf plugin is off, as always.

Its folders are fixed, so it lives in a mount namespace where those are folders of the
test: nothing of it is left behind. That needs root. ``reader`` has the server's own
limit of 2,000 entries, which paging goes around.
"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
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
)
from tests.federation.servers.installed import program
from tests.federation.servers.program import Restartable
from tests.servers.certificates import Authority
from tests.servers.ports import LOOPBACK, free_port

_NAME, _USER = "tests", "dirsrv"
_CONFIGURATION = Path("/etc/dirsrv")
_DEFAULTS = Path("/usr/share/dirsrv/inf/defaults.inf")
_ADMIN = "cn=Directory Manager"
_READER = f"cn=reader,{BASE}"
_USERS, _GROUPS = f"ou=people,{BASE}", f"ou=groups,{BASE}"
# Below the folder of a test, by what they stand for.
_FOLDERS = {
    "etc": str(_CONFIGURATION),
    "lib": "/var/lib/dirsrv",
    "log": "/var/log/dirsrv",
    "run": "/run",
    "shm": "/dev/shm",
}
_INSTANCE = """
[general]
full_machine_name = localhost
start = False
strict_host_checking = False
selinux = False

[slapd]
instance_name = {name}
port = {plain}
secure_port = {secure}
root_dn = {admin}
root_password = {password}
self_sign_cert = True

[backend-userroot]
suffix = {base}
create_suffix_entry = True
"""
_ACCESS = f"""dn: {BASE}
changetype: modify
add: aci
aci: (targetattr!="userPassword")(version 3.0; acl "readers";
  allow (read, search, compare) userdn="ldap:///{_READER}";)
aci: (targetattr="userPassword")(version 3.0; acl "own password";
  allow (write) userdn="ldap:///self";)
"""
_POLICY = """dn: cn=config
changetype: modify
replace: passwordLockout
passwordLockout: on
-
replace: passwordMaxFailure
passwordMaxFailure: 3
-
replace: passwordUnlock
passwordUnlock: off
-
replace: passwordExp
passwordExp: on
-
replace: passwordMustChange
passwordMustChange: on
-
replace: passwordMinLength
passwordMinLength: 8
"""


@contextmanager
def running(folder: Path, bulk: int = 0) -> Iterator[Directory]:
    """Set a server up in a folder of its own, and end it at the end.

    Args:
        folder: Empty.
        bulk: How many people there are besides.
    """
    secure, plain = free_port(), free_port()
    authority = Authority.make(folder)
    _install(folder, secure, plain)
    _certify(folder / "etc" / f"slapd-{_NAME}", authority)
    configuration = str(_CONFIGURATION / f"slapd-{_NAME}")
    serve = [program("ns-slapd", "389"), "-D", configuration, "-d", "0"]
    with Restartable(_inside(folder, *serve), folder / "server", secure) as server:
        people = ldif.people_but({"account_expired", "grace"}, _USERS)
        directory = Directory(
            kind="389",
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
        directory.change("\n".join(_entries(people, bulk)))
        directory.change("\n".join(_states(people)))
        directory.lock(people["lou"])
        yield directory


def _inside(folder: Path, *command: str) -> list[str]:
    """Return a command that sees the folders of a test where its own would be."""
    folders = {str(folder / name): there for name, there in _FOLDERS.items()}
    folders[str(folder / "defaults.inf")] = str(_DEFAULTS)
    mounts = [f"mount --bind '{here}' '{there}'" for here, there in folders.items()]
    script = " && ".join([*mounts, 'exec "$0" "$@"'])
    return ["unshare", "--mount", "sh", "-c", script, *command]


def _install(folder: Path, secure: int, plain: int) -> None:
    for name in _FOLDERS:
        (folder / name).mkdir()
        (folder / name).chmod(0o1777)
    for name in ("lock", "dirsrv"):
        (folder / "run" / name).mkdir()
    shutil.copytree(_CONFIGURATION, folder / "etc", dirs_exist_ok=True)
    configuration = folder / "etc"
    for path in (folder / "run" / "dirsrv", configuration, *configuration.rglob("*")):
        shutil.chown(path, _USER, _USER)
    defaults = _DEFAULTS.read_text().replace("with_systemd = 1", "with_systemd = 0")
    (folder / "defaults.inf").write_text(defaults)
    file = folder / "instance.inf"
    file.write_text(
        _INSTANCE.format(
            name=_NAME,
            plain=plain,
            secure=secure,
            admin=_ADMIN,
            password=PASSWORD,
            base=BASE,
        )
    )
    _run(*_inside(folder, program("dscreate", "389"), "from-file", str(file)))


def _certify(database: Path, authority: Authority) -> None:
    """Put a certificate in the place of the one that it made for itself."""
    certificate, bundle = authority.certify(LOOPBACK), database / "server.p12"
    common = ("-d", str(database), "-f", str(database / "pwdfile.txt"))
    name = ("-name", "Server-Cert", "-passout", "pass:")
    _run(
        *("openssl", "pkcs12", "-export", "-in", str(certificate)),
        *("-out", str(bundle), *name),
    )
    _run("certutil", "-F", "-n", "Server-Cert", *common)
    trust = ("-n", "tests", "-t", "CT,,", "-i", str(authority.file))
    _run("certutil", "-A", *trust, *common)
    keys = ("-d", str(database), "-k", str(database / "pwdfile.txt"))
    _run("pk12util", "-i", str(bundle), *keys, "-W", "")
    for path in database.iterdir():
        shutil.chown(path, _USER, _USER)


def _entries(people: Mapping[str, Person], bulk: int) -> Iterator[str]:
    added = [
        ldif.unit(_USERS),
        ldif.unit(_GROUPS),
        ldif.account(_READER, PASSWORD),
        *(
            f"{ldif.entry(one)}userPassword: {one.password}\n"
            for one in people.values()
        ),
        *(ldif.one_of_many(number, _USERS) for number in range(bulk)),
    ]
    for entry in added:
        yield entry.replace("\n", "\nchangetype: add\n", 1)
    for name in GROUPS:
        yield ldif.group(name, people, _GROUPS)
    yield _ACCESS
    yield _POLICY


def _states(people: Mapping[str, Person]) -> Iterator[str]:
    now = datetime.now(UTC)
    expiries = {"password_expired": -10, "about_to_expire": 1}  # days from now
    for person in people.values():
        change = f"dn: {person.dn}\nchangetype: modify\n"
        if person.state == "disabled":
            yield f"{change}replace: nsAccountLock\nnsAccountLock: true\n"
        elif person.state == "must_change":
            yield f"{change}replace: userPassword\nuserPassword: {PASSWORD}\n"
        elif person.state in expiries:
            until = now + timedelta(days=expiries[person.state])
            yield (
                f"{change}replace: passwordExpirationTime\n"
                f"passwordExpirationTime: {until:%Y%m%d%H%M%SZ}\n"
            )


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
