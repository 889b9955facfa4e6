"""systemd, HAProxy and compose take their files; HAProxy does what its file says."""

import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from tests.architecture.source import ROOT
from tests.servers.certificates import Authority
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.service import COMMAND_LINE, Service, running

DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd/auth-serve.service"
NAME = "localhost"
METADATA = "/.well-known/openid-configuration"
TOKEN = "dGVzdHMtb25seS1tZXRyaWNzLXRva2VuLTAxMjM0NTY3ODk"
WRONG = {"email": "nobody@example.com", "password": "not that of anybody"}
# Of what systemd-analyze looks at, what a service on the network cannot do without.
_NEEDED = {
    "DeviceAllow=",  # /dev/null, /dev/urandom and their like
    "IPAddressDeny=",
    "PrivateNetwork=",
    "RestrictAddressFamilies=~AF_(INET|INET6)",
    "RestrictAddressFamilies=~AF_UNIX",  # a database on this machine
    "RootDirectory=/RootImage=",
}
_MOST_EXPOSED = 1.5  # of ten; 1.2 while this was written

_ANALYZE = shutil.which("systemd-analyze")
_HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin")
with_systemd = pytest.mark.skipif(_ANALYZE is None, reason="no systemd-analyze")
with_haproxy = pytest.mark.skipif(_HAPROXY is None, reason="no haproxy")


def run(*command: str | Path | None) -> subprocess.CompletedProcess[str]:
    assert command[0] is not None
    said = subprocess.run([*map(str, command)], capture_output=True, text=True)
    return said


def tool(name: str) -> Path:
    """Return a program that tests/deploy/requirements.txt installs."""
    return Path(sys.executable).with_name(name)


def test_compose_takes_its_file() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")

    said = run(tool("check-jsonschema"), *schema, DEPLOY / "compose.yaml")

    assert said.returncode == 0, said.stdout


@with_systemd
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """All of it: an unknown or misspelt line is only a warning to systemd."""
    program = tmp_path / "auth-serve"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / UNIT.name
    unit.write_text(
        UNIT.read_text().replace("/opt/auth-serve/current/bin/auth-serve", str(program))
    )

    said = run(_ANALYZE, "verify", "--man=no", unit)

    ours = [line for line in said.stderr.splitlines() if unit.name in line]
    assert (said.returncode, ours) == (0, [])


@with_systemd
def test_the_unit_is_sandboxed() -> None:
    said = run(_ANALYZE, "security", "--offline=true", "--no-pager", UNIT)

    found = re.search(r"exposure level for auth-serve.service: ([\d.]+)", said.stdout)
    assert found is not None, said.stderr
    assert float(found[1]) <= _MOST_EXPOSED
    left = set(re.findall(r"^✗ (\S+)", said.stdout, re.MULTILINE))
    assert left <= _NEEDED


@pytest.fixture
def certificates(tmp_path: Path) -> Authority:
    return Authority.make(tmp_path)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    options = {
        "AUTH_SERVE_PUBLIC_URL": f"https://{NAME}",
        "AUTH_SERVE_TRUSTED_PROXIES": LOOPBACK,
        "AUTH_SERVE_FORWARDED_HEADER": "x-forwarded-for",
        "AUTH_SERVE_METRICS__TOKEN": TOKEN,
    }
    database = f"sqlite:///{tmp_path}/auth.db"
    with running(
        database, tmp_path / "service", options, program=COMMAND_LINE
    ) as found:
        yield found


@contextmanager
def haproxy(file: Path, port: int, authority: Path) -> Iterator[httpx2.Client]:
    """Run it; yields who asks it once a process behind it is known to be alive."""
    process = subprocess.Popen([str(_HAPROXY), "-db", "-f", str(file)])
    trust = ssl.create_default_context(cafile=str(authority))
    url = f"https://{NAME}:{port}"
    try:
        with httpx2.Client(
            base_url=url, verify=trust, trust_env=False, timeout=60
        ) as client:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and process.poll() is None:
                with suppress(httpx2.TransportError):
                    if client.get("/health/ready").status_code == 200:
                        break
                time.sleep(0.05)
            yield client
    finally:
        process.terminate()
        process.wait(30)


@with_haproxy
def test_haproxy_does_what_its_file_says(
    service: Service, certificates: Authority, tmp_path: Path
) -> None:
    """One process of the two is not there: nobody notices."""
    port = free_port()
    moved = {
        "/etc/haproxy/certs/auth.pem": str(certificates.certify(NAME)),
        "bind :443 ": f"bind {LOOPBACK}:{port} ",
        "bind :80\n": f"bind {LOOPBACK}:{free_port()}\n",
        "one 127.0.0.1:8000": f"one {LOOPBACK}:{free_port()}",
        "two 127.0.0.1:8001": "two " + service.url.removeprefix("http://"),
    }
    text = (DEPLOY / "haproxy/haproxy.cfg").read_text()
    for old, new in moved.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = tmp_path / "haproxy.cfg"
    file.write_text(text)
    lies = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}

    with haproxy(file, port, certificates.file) as client:
        pages = [client.get(METADATA).status_code for _ in range(6)]
        numbers = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        client.post("/api/v1/auth/login", json=WRONG, headers=lies)

    assert pages == [200] * 6
    assert numbers.status_code == 404
    service.stop()  # the log is written behind the answers
    assert "/api/v1/auth/login" in service.output()
    assert "203.0.113.9" not in service.output()
    assert '"127.0.0.1"' in service.output()


@with_haproxy
def test_haproxy_takes_its_file(certificates: Authority, tmp_path: Path) -> None:
    certificate = certificates.certify(NAME)
    text = (DEPLOY / "haproxy/haproxy.cfg").read_text()
    file = tmp_path / "haproxy.cfg"
    file.write_text(text.replace("/etc/haproxy/certs/auth.pem", str(certificate)))

    said = run(_HAPROXY, "-c", "-f", file)

    assert said.returncode == 0, said.stderr
    assert "WARNING" not in said.stderr
