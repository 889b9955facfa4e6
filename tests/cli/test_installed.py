"""What an installation has: the tree of a wheel, and a program that starts from it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, SECRET


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build what a wheel would hold, without the network and beside the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    build = ["egg_info", "--egg-base", str(folder), "build", "--build-base"]
    build += [str(folder / "base"), "build_py", "--build-lib", str(folder / "lib")]
    subprocess.run(
        [sys.executable, "setup.py", "-q", *build],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return folder / "lib"


def test_the_migrations_and_what_is_read_at_run_time_are_there(installed: Path) -> None:
    """A template, a style sheet or a list that is left out is missed at a request."""
    kept = {
        path.relative_to(ROOT / "app")
        for path in (ROOT / "app").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts  # written by others now
    }
    found = {
        path.relative_to(installed / "app")
        for path in (installed / "app").rglob("*")
        if path.is_file()
    }
    migrations = {
        Path("migrations") / path.relative_to(ROOT / "alembic")
        for path in (ROOT / "alembic").rglob("*.py")
    }

    assert not kept - found
    assert not migrations - found
    assert not (installed / "alembic").exists()  # it would hide the library


def test_setup_link_in_production_migrates_and_is_the_one_to_print(
    installed: Path, tmp_path: Path
) -> None:
    """Over a real process, from nothing but what is installed."""
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(installed),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AUTH_SERVE_ENVIRONMENT": "production",
        "AUTH_SERVE_PUBLIC_URL": "https://auth.example.com",
        "AUTH_SERVE_DATABASE_URL": f"sqlite:///{tmp_path / 'auth.db'}",
        "AUTH_SERVE_DATABASE__MIGRATE": "true",
        "AUTH_SERVE_SECRET_KEY": SECRET,
        "AUTH_SERVE_SMTP__URL": "smtp://127.0.0.1:9",
        "AUTH_SERVE_SMTP__SENDER": "auth@example.com",
    }
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "setup", "link"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("https://auth.example.com/setup?token=as_ot_")
    assert "as_ot_" not in done.stderr
