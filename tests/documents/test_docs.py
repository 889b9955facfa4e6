"""Documents that can drift are made from the code, or compared with it here."""

import re
from pathlib import Path

from tests.architecture.source import APP, ROOT
from tools.generate_docs import documents, stale

# A router's own prefix, or else the addresses of its routes.
_ROUTE = re.compile(
    r"""(?:^router = APIRouter\(.*?prefix=|^@router\.\w+\(\s*)"""
    r'''"(?:/api/v1)?(/[\w./-]{2,})"''',
    re.M,
)


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


def test_the_map_names_tests_that_ask_for_the_routes_of_a_module() -> None:
    text = (ROOT / "docs/map.md").read_text(encoding="utf-8")
    rows = re.findall(r"`(app/[\w/]+\.py)` \| `(tests/[\w/]+\.py)`", text)

    routes = {
        (module, test): set(_ROUTE.findall((ROOT / module).read_text(encoding="utf-8")))
        for module, test in rows
        if module.startswith(("app/api/", "app/pages/"))
    }
    strangers = [
        (module, test)
        for (module, test), paths in routes.items()
        if paths and not any(path in _text(test) for path in paths)
    ]

    assert sum(bool(paths) for paths in routes.values()) > 15
    assert strangers == []


def _text(test: str) -> str:
    return (ROOT / test).read_text(encoding="utf-8")


def test_a_decision_that_the_code_names_is_written_down() -> None:
    named = {
        number
        for path in APP.rglob("*.py")
        for number in re.findall(r"ADR-(\d{4})", path.read_text(encoding="utf-8"))
    }
    written = {path.name[:4] for path in (ROOT / "docs/adr").glob("*.md")}

    assert named
    assert named <= written
