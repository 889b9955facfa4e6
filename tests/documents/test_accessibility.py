"""What docs/accessibility.md says is what axe found."""

import re

from app.core.language import languages
from tests.e2e.places import (
    CONSOLE,
    CONSOLE_BESIDE,
    CONSOLE_NEW,
    CONSOLE_ONE,
    ON_THE_WAY,
    PORTAL,
    VISITORS,
)
from tests.servers.service import ROOT
from tools.accessibility_report import written


def _run(page: str, scheme: str, *violations: str) -> dict[str, object]:
    return {
        "page": page,
        "language": "en",
        "scheme": scheme,
        "violations": list(violations),
    }


def test_every_run_and_every_violation_is_counted() -> None:
    runs = [
        _run("/signin", "light"),
        _run("/signin", "dark", "color-contrast"),
        _run("/signup", "dark"),
    ]

    said = written(runs)

    assert "**1 violations in 3 runs** at 2 pages in 1 languages (en)" in said
    assert "| `/signin` | 1 | 1 | 1 | color-contrast (1) |" in said
    assert "| `/signup` | 1 | 0 | 1 | 0 |" in said


def test_the_document_tells_of_every_page_in_every_language_and_no_violation() -> None:
    said = (ROOT / "docs" / "accessibility.md").read_text()

    assert said.startswith(written([]).partition("**")[0])
    assert "**0 violations in " in said
    [tags] = re.findall(r"in \d+ languages \((.+)\), light and dark", said)
    assert tags.split(", ") == sorted(languages())
    found = dict(re.findall(r"^\| `([^`]+)` \| (.+) \| 0 \|$", said, re.MULTILINE))
    console = *CONSOLE, *CONSOLE_NEW, *CONSOLE_ONE, *CONSOLE_BESIDE
    for path in (*VISITORS, *ON_THE_WAY, *PORTAL, *console):
        path = path.partition("?")[0]
        spoken, light, dark = map(int, found[path].split(" | "))
        assert spoken == len(languages()) <= min(light, dark), path
