"""nginx does what docs/production.md has it do; the rest of that page is for people."""

import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from tests.architecture.source import ROOT
from tests.deploy.test_machines import METADATA, NAME, TOKEN, WRONG
from tests.servers.certificates import Authority
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.service import COMMAND_LINE, running

_NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
_AROUND = """\
daemon off; worker_processes 1; pid {home}/pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
{site}
}}
"""


def site(moved: dict[str, str]) -> str:
    text = (ROOT / "docs/production.md").read_text(encoding="utf-8")
    block: str
    [block] = re.findall(r"^```nginx\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    for old, new in moved.items():
        assert old in block, old
        block = block.replace(old, new)
    return block


@contextmanager
def nginx(home: Path, port: int, trust: Path) -> Iterator[httpx2.Client]:
    assert _NGINX is not None
    command = [_NGINX, "-e", "stderr", "-p", str(home), "-c", str(home / "nginx.conf")]
    process = subprocess.Popen(command)
    context = ssl.create_default_context(cafile=str(trust))
    url = f"https://{NAME}:{port}"
    try:
        with httpx2.Client(
            base_url=url, verify=context, trust_env=False, timeout=60
        ) as client:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and process.poll() is None:
                with suppress(httpx2.TransportError):
                    client.get("/health/live")
                    break
                time.sleep(0.05)
            yield client
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.skipif(_NGINX is None, reason="no nginx")
def test_nginx_does_what_the_first_hour_says(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    certificate = str(authority.certify(NAME))
    port, plain = free_port(), free_port()
    options = {
        "AUTH_SERVE_PUBLIC_URL": f"https://{NAME}:{port}",
        "AUTH_SERVE_TRUSTED_PROXIES": LOOPBACK,
        "AUTH_SERVE_FORWARDED_HEADER": "x-forwarded-for",
        "AUTH_SERVE_METRICS__TOKEN": TOKEN,
    }
    database = f"sqlite:///{tmp_path}/auth.db"
    lies = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    home = tmp_path / "nginx"
    home.mkdir()

    with running(
        database, tmp_path / "service", options, program=COMMAND_LINE
    ) as service:
        moved = {
            "127.0.0.1:8000": service.url.removeprefix("http://"),
            "listen 443 ssl": f"listen {LOOPBACK}:{port} ssl",
            "listen 80;": f"listen {LOOPBACK}:{plain};",
            "/etc/ssl/auth/fullchain.pem": certificate,
            "/etc/ssl/auth/privkey.pem": certificate,
            "auth.example.com": NAME,
        }
        around = _AROUND.format(home=home, site=site(moved))
        (home / "nginx.conf").write_text(around)
        with nginx(home, port, authority.file) as client:
            found = client.get(METADATA)
            numbers = client.get(
                "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
            )
            client.post("/api/v1/auth/login", json=WRONG, headers=lies)
            led = httpx2.get(f"http://{LOOPBACK}:{plain}/x?y", trust_env=False)
        service.stop()  # the log is written behind the answers

    assert found.json()["issuer"] == f"https://{NAME}:{port}"
    assert numbers.status_code == 404
    assert led.status_code == 308
    assert led.headers["location"].endswith("/x?y")
    assert "/api/v1/auth/login" in service.output()
    assert "203.0.113.9" not in service.output()
