"""What people did at pages, and how: `make e2e` finds out what nobody did.

Whatever a page offers is noted where it is looked at, whatever was used once the answer
was there and no refusal; `tools.journeys` compares both with the routes of the app.
"""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = "FUNCTIONS_USED"  # where lines go; without it nothing is noted
# Where a button sends its form, and what it says there: its name, and what is hidden.
_TOLD = """(found) => {
  const button = found.closest("button, input[type=submit]");
  const form = button && button.type === "submit" && button.form;
  if (!form) return null;
  const own = (name) =>
    button.getAttribute(`form${name}`) || form.getAttribute(name) || "";
  return {
    method: (own("method") || "get").toUpperCase(),
    path: new URL(own("action") || location, location).pathname,
    says: [...form.querySelectorAll("input[type=hidden]"), button]
      .filter((each) => each.name).map((each) => [each.name, each.value]),
  };
}"""
_OFFERED = f"""[...document.querySelectorAll("main button")]
  .map({_TOLD}).filter((each) => each)"""


def is_wanted() -> bool:
    """Tell whether what is done is to be noted."""
    return FILE in os.environ


async def about(target: Any) -> Mapping[str, Any] | None:
    """Return what pressing something would send, if it sends a form."""
    told: Mapping[str, Any] | None = None
    if is_wanted():
        told = await target.evaluate(_TOLD)
    return told


async def note_offered(page: Any) -> None:
    """Note what the buttons of a page would send."""
    if is_wanted():
        _write([{"is": "offered", **told} for told in await page.evaluate(_OFFERED)])


def note_used(
    manners: Collection[str], sent: Mapping[str, Any] | None, arrived: str
) -> None:
    """Note what worked.

    Args:
        manners: How it was done.
        sent: What `about` told before.
        arrived: The path of the page that came of it.
    """
    if is_wanted():
        how = {"is": "used", "manners": sorted(manners)}
        page = {"method": "GET", "path": arrived, "says": []}
        _write([{**how, **told} for told in (sent, page) if told])


def _write(notes: Sequence[Mapping[str, Any]]) -> None:
    lines = "".join(json.dumps(each) + "\n" for each in notes)
    with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
        file.write(lines)
