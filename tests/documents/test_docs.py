"""Documents that can drift are made from the code, or compared with it here."""

import re
import tomllib
from pathlib import Path

from app.pages.console.sections import SECTIONS
from tests.architecture.source import APP, ROOT, tracked_files
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


_MODULE = re.compile(r"`+([\w/.-]*\w\.py)(?:::\w+)?`+")


def test_a_module_that_is_named_exists() -> None:
    """In code and prose alike: by its name, or by its path from where one is."""
    files = [p for p in tracked_files() if p.suffix in (".py", ".md")]
    known = {path.name for path in files}

    lost = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        if path.name != "CHANGELOG.md"  # says what was
        for name in _MODULE.findall(path.read_text(encoding="utf-8"))
        if not _is_there(path, name, known)
    ]

    assert lost == []


def _is_there(path: Path, name: str, known: set[str]) -> bool:
    if "/" not in name:
        return name in known
    starts = ROOT, APP, ROOT / "tests", path.parent
    return any((start / name).is_file() for start in starts)


def test_people_are_told_the_command_by_its_name() -> None:
    """``python -m app.cli`` is told once, where it is said what it is."""
    read = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / ".env.example"]
    read += (ROOT / "app/pages").rglob("*.py")

    said = {p.name for p in read if re.search(r"-m app\.cli\b(?!`)", p.read_text())}

    assert said == {"commands.md"}


def test_every_row_of_the_map_stands_in_its_table() -> None:
    way_in, _, table = (ROOT / "docs/map.md").read_text().partition("## Every module")
    assert [line for line in way_in.splitlines() if "| `app/services/" in line] == []
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) == len(set(rows)) > 300


def test_the_wings_are_those_of_the_contract() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    [wings] = [
        contract["layers"]
        for contract in document["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == ["app.services"]
    ]
    told = (ROOT / "docs/architecture.md").read_text().partition("## Wings of")[2]
    assert re.findall(r"^\| `(\w+)` \|", told.partition("\n## ")[0], re.M) == wings


def test_every_section_of_the_console_is_told_of() -> None:
    told = (ROOT / "docs/console.md").read_text()
    rows = re.findall(r"^\| [\w ]+ \| `(/admin[\w/]*)` \| ", told, re.M)
    assert rows == [section.path for section in SECTIONS]
