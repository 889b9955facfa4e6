"""What the tests of the house rules read: the repository as text and as trees."""

import ast
import subprocess
from pathlib import Path

from tools import house

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"


def sources() -> dict[str, str]:
    """Return the text of every module of the application by its path."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(APP.rglob("*.py"))
    }


def modules() -> dict[str, ast.Module]:
    """Return the tree of every module of the application by its path; only look."""
    return {path.as_posix(): tree for path, tree in house.modules("app").items()}


def tracked_files() -> list[Path]:
    """Return every file that is, or is about to be, in the repository."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True)
    paths = [ROOT / name for name in found.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]
