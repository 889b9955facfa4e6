"""What axe found at each page, for `make accessibility` (docs/accessibility.md)."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FILE = "ACCESSIBILITY_RUNS"  # where lines go; without it nothing is kept
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|as_[a-z]+_[A-Za-z0-9_-]+|[0-9a-f]{32}")


def is_wanted() -> bool:
    """Tell whether each run is to be kept."""
    return FILE in os.environ


def note(path: str, language: str, scheme: str, found: Mapping[str, Any]) -> None:
    """Keep one run.

    Args:
        path: Where; what differs from visit to visit is left out.
        language: Of the page.
        scheme: ``light`` or ``dark``.
        found: axe's results.
    """
    if not is_wanted():
        return
    run = {
        "page": _ID.sub("…", urlsplit(path).path),
        "language": language,
        "scheme": scheme,
        "passes": len(found["passes"]),
        "violations": [each["id"] for each in found["violations"]],
    }
    with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(run) + "\n")
