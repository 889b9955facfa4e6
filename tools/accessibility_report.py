"""Write docs/accessibility.md from what axe found: `make accessibility` does both."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "docs" / "accessibility.md"
_HEAD = """\
# Accessibility

Made by `make accessibility`, which walks through the pages in Chromium; not by hand.

axe-core looks at each page, as it stands there at that moment, for WCAG 2.0, 2.1 and
2.2 at levels A and AA and its best practices. It finds what a program can find.

The rest is walked. By keyboard alone means that each control is reached with Tab and
shows its focus; a phone is 390 px wide, and nothing may have to be scrolled sideways.
Journeys by mouse use the dark colours. `make e2e` ends with what nobody did: each page
and each form of the account and the console has to be used by mouse, by keyboard, on a
phone and in the dark, by the routes of the app and the buttons that its pages offered
(`tools/journeys.py`).

"""
_WALKED = (
    ("What is done", "Mouse", "Keyboard", "Phone", "Dark", "No script", "Test"),
    ("---",) * 7,
    (
        "Signing up, in and out; code by email, second step, reset, another password, "
        "consent, choice of an account, errors",
        *("yes", "yes", "yes", "yes", "yes", "`test_visitors.py`"),
    ),
    (
        'Invitation, "this wasn\'t me", lost factors',
        *("yes", "yes", "yes", "yes", "yes", "`test_getting_back.py`"),
    ),
    (
        "Code of a device",
        *("yes", "yes", "yes", "yes", "yes", "`test_device.py`"),
    ),
    (
        "Coming from another service, with an account here and without",
        *("yes", "yes", "yes", "yes", "yes", "`test_two_services.py`"),
    ),
    (
        "Name and password of a directory, and another where it wants that",
        *("yes", "yes", "yes", "yes", "yes", "`test_directory.py`"),
    ),
    (
        "Signing in with a passkey",
        *("yes", "yes", "yes", "yes", "impossible", "`test_passkeys.py`"),
    ),
    (
        "The account: profile, picture, address, password, passkeys, app, codes, "
        "devices, applications, connected services, tokens, activity, language, copy, "
        "end",
        *("yes", "yes", "yes", "yes", "some"),
        "`test_own_account.py`, `test_directory.py`",
    ),
    (
        "The console: accounts one by one and together, invitations, applications, "
        "groups, roles, trail, keys, outbox, mails, settings, search",
        *("yes", "yes", "yes", "yes", "some"),
        "`test_operating.py`, `test_console.py`",
    ),
    (
        "Other programs in the console: APIs, protected hosts, webhooks, trusted "
        "issuers, connections, the reading of a directory",
        *("yes", "yes", "yes", "yes", "no"),
        "`test_console_programs.py`, `test_directory.py`",
    ),
    (
        "The first five minutes",
        *("yes", "no", "no", "no", "impossible", "`test_first_run.py`"),
    ),
)
_TABLE = """\
| Page | Languages | Runs, light | Runs, dark | Violations |
|---|---|---|---|---|
"""


def written(runs: Sequence[dict[str, Any]]) -> str:
    """Return the document for these runs."""
    languages = sorted({run["language"] for run in runs})
    found = [(run["page"], rule) for run in runs for rule in run["violations"]]
    total = (
        f"**{len(found)} violations in {len(runs)} runs** at "
        f"{len({run['page'] for run in runs})} pages in {len(languages)} languages "
        f"({', '.join(languages)}), light and dark.\n\n"
    )
    walked = "".join(f"| {' | '.join(row)} |\n" for row in _WALKED)
    pages = "".join(_line(page, its) for page, its in _pages(runs))
    return f"{_HEAD}{walked}\n{total}{_TABLE}{pages}"


def _pages(
    runs: Sequence[dict[str, Any]],
) -> list[tuple[str, Sequence[dict[str, Any]]]]:
    names = sorted({run["page"] for run in runs})
    return [(name, [run for run in runs if run["page"] == name]) for name in names]


def _line(page: str, runs: Sequence[dict[str, Any]]) -> str:
    languages = {run["language"] for run in runs}
    schemes = Counter(run["scheme"] for run in runs)
    rules = Counter(rule for run in runs for rule in run["violations"])
    said = ", ".join(f"{rule} ({number})" for rule, number in rules.items()) or "0"
    return (
        f"| `{page}` | {len(languages)} | {schemes['light']} | {schemes['dark']} "
        f"| {said} |\n"
    )


def main() -> None:
    """Read the lines that the tests left, and write the document."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    TARGET.write_text(written([json.loads(line) for line in lines]), encoding="utf-8")


if __name__ == "__main__":
    main()
