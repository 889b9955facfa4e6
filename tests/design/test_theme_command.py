"""``auth-serve theme check``: what an operator is told before the service would."""

import json
from pathlib import Path

from typer.testing import CliRunner

from app.cli.commands import app

GOOD = "/* Auth Serve theme, contract 1 */\n.card { color: var(--color-text); }\n"


def test_a_good_theme_ends_well(tmp_path: Path) -> None:
    (tmp_path / "good.css").write_text(GOOD)

    done = CliRunner().invoke(app, ["theme", "check", str(tmp_path / "good.css")])

    assert (done.exit_code, done.stdout) == (0, "")
    assert "within the contract" in done.stderr


def test_each_line_that_is_wrong_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.css"
    path.write_text(GOOD + "@import 'x';\n.secret { color: red; }\n")

    done = CliRunner().invoke(app, ["theme", "check", str(path), "--json"])

    assert done.exit_code == 1 and "2 of its parts" in done.stderr
    rows = json.loads(done.stdout)
    assert [row["line"] for row in rows] == [3, 4]
    assert ".secret is no slot" in rows[1]["text"]


def test_what_is_no_text_is_a_wrong_line(tmp_path: Path) -> None:
    (tmp_path / "picture.css").write_bytes(b"\xff\xfe\0")

    for name in ("picture.css", "nowhere.css"):
        done = CliRunner().invoke(app, ["theme", "check", str(tmp_path / name)])
        assert done.exit_code == 2 and "cannot be read" in done.stderr
