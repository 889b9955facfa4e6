"""Documents that can drift are made from the code, or compared with it here."""

import re
from pathlib import Path

from tests.architecture.source import APP, ROOT
from tools.generate_docs import documents, stale


def test_the_made_documents_say_what_the_code_says() -> None:
    assert stale(documents()) == []


def test_a_changed_document_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("yesterday")

    assert stale({page: "today"}) == [page]
    assert stale({page: "yesterday"}) == []


def test_the_map_names_every_module_and_nothing_else() -> None:
    text = (ROOT / "docs/map.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(app/[\w/]+\.py)`", text))
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in APP.rglob("*.py")
        if path.name != "__init__.py"
    }

    assert named == modules


def test_the_map_names_only_tests_that_exist() -> None:
    text = (ROOT / "docs/map.md").read_text(encoding="utf-8")

    missing = [
        name
        for name in set(re.findall(r"`(tests/[\w/]+\.py)`", text))
        if not (ROOT / name).is_file()
    ]

    assert missing == []


def test_a_decision_that_the_code_names_is_written_down() -> None:
    named = {
        number
        for path in APP.rglob("*.py")
        for number in re.findall(r"ADR-(\d{4})", path.read_text(encoding="utf-8"))
    }
    written = {path.name[:4] for path in (ROOT / "docs/adr").glob("*.md")}

    assert named
    assert named <= written
