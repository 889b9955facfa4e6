"""A server imports parts of libraries when it uses them, and they are then the same."""

import json
import subprocess
import sys

from tests.servers.service import ROOT

_LEFT_OUT = """
import json, sys
from app.core.late import libraries
libraries.leave_out()
import app.cli.serve
from app.config import load_settings
from app.main import create_app
create_app(load_settings())
parts = {part for _, *parts in libraries._WITHOUT for part in parts}
names = [
    value for module in list(sys.modules.values())
    for value in list(getattr(module, "__dict__", {}).values())
    if isinstance(value, libraries._Name)
]
absent = sorted(parts.difference(sys.modules))
kept = [name for name, it in sys.modules.items() if isinstance(it, libraries._Module)]
"""
_ASKED = """
for value in names:
    value._there()  # every name is one that the real module has
import configparser, http, uvicorn
from cryptography import x509
from joserfc._rfc7518.oct_key import x509 as seen
from pydantic_settings.main import CliSettingsSource as source
assert isinstance(configparser.RawConfigParser(), uvicorn.config.RawConfigParser)
assert not isinstance(1, uvicorn.config.RawConfigParser)
assert uvicorn.config.RawConfigParser().sections() == []
assert seen.Certificate is x509.Certificate
assert http.client.responses[404] == "Not Found"
from pydantic_settings.sources.providers.cli import CliSettingsSource as real
class Source(source): pass
assert Source.__mro__[1] is real and issubclass(Source, real)
"""

_TYPED = """
import sys
from app.cli.__main__ import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code
import app.services.server.runtime
from sqlalchemy.orm import Session
print(Session.__doc__ == "left out", "cryptography.x509" in sys.modules)
"""


def _run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PYTHONPATH": str(ROOT),
        "AUTH_SERVE_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    }
    command = [sys.executable, "-c", program, *words]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60
    )


def test_a_server_at_rest_has_not_imported_what_it_may_never_use() -> None:
    done = _run(f"{_LEFT_OUT}\nprint(json.dumps([absent, kept, len(names)]))")
    absent, kept, names = json.loads(done.stdout)
    assert {"argparse", "html", "importlib.metadata", "uvicorn.main"} < set(absent)
    assert "cryptography.x509" in absent
    assert kept == []  # whoever imports one of them from now on gets it
    assert names > 20


def test_what_is_used_after_all_is_the_real_thing() -> None:
    done = _run(_LEFT_OUT + _ASKED)
    assert done.returncode == 0, done.stderr


def test_of_the_commands_only_what_reads_a_directory_is_without_them() -> None:
    reading = _run(_TYPED, "connection", "sync", "--help")
    other = _run(_TYPED, "connection", "list", "--help")
    assert "Read a directory: make" in reading.stdout  # its help is a docstring
    assert reading.stdout.endswith("True False\n"), reading.stderr
    assert other.stdout.endswith("False True\n"), other.stderr
