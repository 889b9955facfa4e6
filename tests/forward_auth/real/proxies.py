"""nginx and Caddy, set up as ``docs/forward-auth.md`` says; only addresses differ."""

import os
import re
import shutil
import signal
import socket
import ssl
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.ports import LOOPBACK
from tests.servers.process import ServerProcess, start_on_free_port
from tests.servers.service import ROOT

_GUIDE = ROOT / "docs/forward-auth.md"
_PATH = f"{os.environ.get('PATH')}:/usr/sbin:{Path(sys.executable).parent}"
NAME = "wiki.example.org"  # as the guide has it
PROGRAMS = {
    "nginx": shutil.which("nginx", path=_PATH),
    "caddy": os.environ.get("CADDY") or shutil.which("caddy", path=_PATH),
}
_NGINX = """\
daemon off; worker_processes 1; pid {home}/pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
{once}
{server}
}}
"""
_CADDY = "{{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n}}\n"


def _blocks(language: str) -> list[str]:
    text = _GUIDE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@contextmanager
def proxied(which: str, program: int, service: int, certificate: Path) -> Iterator[int]:
    """Run a proxy; yields the port where it serves the host at https."""
    binary = PROGRAMS[which]
    assert binary is not None
    home = Path(tempfile.mkdtemp(prefix=f"{which}-"))
    write = _write_nginx if which == "nginx" else _write_caddy

    def start(port: int) -> ServerProcess:
        addresses = {
            f"{LOOPBACK}:3000": f"{LOOPBACK}:{program}",
            f"{LOOPBACK}:8000": f"{LOOPBACK}:{service}",
        }
        command = write(binary, home, port, certificate, addresses)
        (home / "port").write_text(str(port))
        return ServerProcess(command, home, stop_with=(signal.SIGTERM, signal.SIGKILL))

    process, port = start_on_free_port(start, lambda _: _is_open(home))
    try:
        yield port
    finally:
        process.stop()
        shutil.rmtree(home, ignore_errors=True)


def _write_nginx(
    binary: str, home: Path, port: int, certificate: Path, addresses: dict[str, str]
) -> list[str]:
    server, told, once = (_moved(each, addresses) for each in _blocks("nginx"))
    listen = f"listen {LOOPBACK}:{port} ssl;"
    keys = f"ssl_certificate {certificate}; ssl_certificate_key {certificate};"
    assert "listen 443 ssl;" in server and "# ssl_certificate ..." in server
    server = server.replace("listen 443 ssl;", listen)
    server = server.replace("# ssl_certificate ...", keys)
    (home / "auth_serve.conf").write_text(told)
    settings = home / "nginx.conf"
    settings.write_text(_NGINX.format(home=home, once=once, server=server))
    return [binary, "-e", "stderr", "-p", str(home), "-c", str(settings)]


def _write_caddy(
    binary: str, home: Path, port: int, certificate: Path, addresses: dict[str, str]
) -> list[str]:
    [site] = (_moved(each, addresses) for each in _blocks("caddy"))
    at = f"https://{NAME}:{port} {{\n\tbind {LOOPBACK}\n"
    at += f"\ttls {certificate} {certificate}"
    assert site.startswith(f"{NAME} {{")
    settings = home / "Caddyfile"
    site = site.replace(f"{NAME} {{", at, 1)
    settings.write_text(_CADDY.format() + site)
    return [binary, "run", "--config", str(settings), "--adapter", "caddyfile"]


def _moved(text: str, addresses: dict[str, str]) -> str:
    for old, new in addresses.items():
        text = text.replace(old, new)
    return text


def _is_open(home: Path) -> bool:
    """Tell whether it speaks TLS already."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = LOOPBACK, int((home / "port").read_text())
    try:
        with socket.create_connection(address, 1) as plain:
            context.wrap_socket(plain, server_hostname=NAME).close()
    except OSError:
        return False
    return True
