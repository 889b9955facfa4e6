"""How far a long command is: who is told, and how often."""

import json
import sys
from pathlib import Path

import pytest

from app.cli.__main__ import main
from app.cli.progress import Progress
from tests.conftest import SECRET

_FILE = "\n".join(json.dumps({"email": f"{n}@example.com"}) for n in ("a", "b", "c"))


@pytest.mark.parametrize(
    ("options", "is_terminal", "shown"),
    [
        ((), False, ""),
        ((), True, "\r3 of 3\n"),
        (("--progress",), False, "3 of 3\n"),
        (("--no-progress",), True, ""),
        (("--json",), True, ""),
        (("--json", "--progress"), True, ""),
    ],
)
def test_progress_is_for_whoever_watches(
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    is_terminal: bool,
    shown: str,
) -> None:
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal, raising=False)
    (tmp_path / "users").write_text(_FILE)

    with pytest.raises(SystemExit) as end:
        main(["user", "import", str(tmp_path / "users"), "--dry-run", *options])

    assert not end.value.code
    assert capsys.readouterr().err == shown


def test_progress_is_told_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter((0.0, 4.0, 11.0, 11.0, 12.0, 12.5, 12.5))
    progress = Progress(4, lambda: next(times), wanted=True, as_json=False)

    for _ in range(4):
        progress.step()

    assert capsys.readouterr().err == "2 of 4\n4 of 4\n"
