"""The applications in ``examples/``, started as their readers start them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_cli import run
from tests.conftest import ROOT, SECRET
from tests.servers.service import NO_LIMITS, running

SCOPES = '{"reports:write": "Write reports"}'
MACHINE = ("client", "create", "--name", "Nightly", "--machine", "--json")


def test_the_machine_gets_a_token(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{tmp_path}/auth.db"
    shutil.copy(sqlite_template, tmp_path / "auth.db")
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setenv("AUTH_SERVE_OAUTH__SCOPES", SCOPES)
    made = json.loads(run(*MACHINE, "--scope", "reports:write").stdout)
    options = NO_LIMITS | {
        "AUTH_SERVE_OAUTH__SCOPES": SCOPES,
        "AUTH_SERVE_PUBLIC_URL": "{url}",
    }

    with running(database, tmp_path / "run", options) as service:
        done = subprocess.run(
            [sys.executable, ROOT / "examples/machine/machine.py"],
            env=os.environ
            | {"ISSUER": service.url, "CLIENT_ID": made["client_id"]}
            | {"CLIENT_SECRET": made["client_secret"]},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.stdout == "Bearer for reports:write, 300 seconds\n", done.stderr
