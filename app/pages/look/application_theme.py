"""The look of one application: its accents, and the operator's own rules after them.

Its sheet stands in for the installation's, so that a page loads no more than before,
and the operator's style sheet has the last word (ADR-0066).
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from app.pages.look.brand import Brand, colours, sheet_of
from app.pages.look.static import StaticFile
from app.utils.helpers import as_segment

PATH = "/application-theme"
_MOST = 32  # sheets; each is as large as the operator's own, 64 KiB at most


def of_application(brand: Brand, client_id: str, theme: Mapping[str, Any]) -> Brand:
    """Return how pages look on the way to an application."""
    tag = sheet_for(brand, theme).tag
    return replace(brand, sheet=f"{PATH}/{as_segment(client_id)}?v={tag}")


def sheet_for(brand: Brand, theme: Mapping[str, Any]) -> StaticFile:
    """Return the style sheet of a theme."""
    return _sheet(theme["accent"], theme.get("accent_dark"), brand.rules)


@lru_cache(maxsize=_MOST)
def _sheet(accent: str, accent_dark: str | None, rules: str) -> StaticFile:
    parts = (colours(accent, accent_dark), rules)
    return sheet_of(*filter(None, parts))
