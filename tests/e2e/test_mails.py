"""Mails as mail programs show them: axe at every kind, light and dark, on a phone."""

from typing import Any

import pytest

from app.core.language import languages
from app.services.mails.kind import KINDS
from tests.e2e import report
from tests.e2e.visitor import Visitor

NARROW = {"width": 390, "height": 844}
# All of them for `make accessibility`; each time what differs most.
TAGS = list(languages()) if report.is_wanted() else ["en", "de", "ar"]


@pytest.mark.parametrize("tag", TAGS)
async def test_no_mail_hinders_anybody(newcomer: Any, tag: str) -> None:
    reader: Visitor = await newcomer.stranger(f"{tag}@example.com", viewport=NARROW)
    html = reader.page.locator("html")

    for name in sorted(KINDS):
        await reader.page.emulate_media(color_scheme="light")
        await reader.page.goto(f"/dev/mails/{name}?language={tag}")
        assert await html.get_attribute("lang") == tag
        assert await html.get_attribute("dir") == languages()[tag].direction
        for scheme in ("light", "dark"):
            reader.scheme = scheme
            await reader.page.emulate_media(color_scheme=scheme)
            await reader.look()
