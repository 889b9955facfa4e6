"""The dependency rule: import-linter holds it, and these tests hold import-linter."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import APP, ROOT

_LINT = [
    sys.executable,
    "-c",
    "from importlinter.cli import lint_imports_command as l; l()",
]


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [*_LINT, "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def _planted(folder: Path, module: str, line: str) -> Path:
    shutil.copytree(APP, folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    target = folder / "app" / module
    target.write_text(target.read_text(encoding="utf-8") + f"\n{line}\n")
    return folder


def test_the_layers_are_kept() -> None:
    result = _lint(ROOT)

    assert result.returncode == 0, result.stdout + result.stderr


def test_an_import_from_above_breaks_the_build(tmp_path: Path) -> None:
    folder = _planted(tmp_path, "models/user.py", "import app.services.accounts.user")

    result = _lint(folder)

    assert result.returncode == 1
    assert "app.models is not allowed to import app.services" in result.stdout


def test_a_wing_that_imports_one_above_breaks_the_build(tmp_path: Path) -> None:
    line = "import app.services.oauth.flow"
    folder = _planted(tmp_path, "services/access/role.py", line)

    result = _lint(folder)

    assert result.returncode == 1
    forbidden = "app.services.access is not allowed to import app.services.oauth"
    assert forbidden in result.stdout


def test_a_new_wing_has_to_be_given_its_place(tmp_path: Path) -> None:
    folder = _planted(tmp_path, "services/__init__.py", "")
    (folder / "app/services/annex").mkdir()
    (folder / "app/services/annex/__init__.py").touch()

    result = _lint(folder)

    assert result.returncode == 1
    assert "app.services.annex" in result.stdout


def test_fastapi_in_a_service_breaks_the_build(tmp_path: Path) -> None:
    folder = _planted(tmp_path, "services/access/role.py", "import fastapi")

    result = _lint(folder)

    assert result.returncode == 1
    assert "app.services is not allowed to import fastapi" in result.stdout
