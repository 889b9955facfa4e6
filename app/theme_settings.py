"""Settings of how the pages look: whose they are, in which colours."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from app.setting_groups import Group
from app.setting_types import HttpUrl

_Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class ThemeSettings(Group):
    """The operator's name, mark and colours on every page."""

    name: str = Field(
        "Auth Serve",
        min_length=1,
        max_length=60,
        description="Stands above every card and at the end of every title.",
    )
    logo: Path | None = Field(
        None, description="A PNG or SVG file of at most 256 KiB, in place of our mark."
    )
    mail_logo: Path | None = Field(
        None,
        description="A PNG file of at most 64 KiB at the head of mails; unset: `LOGO`, "
        "where that is one.",
    )
    accent: _Colour | None = Field(
        None,
        description="`#rrggbb` of main actions and links; refused where it cannot be "
        "read on light pages (WCAG, 4.5:1).",
    )
    accent_dark: _Colour | None = Field(
        None, description="The same on dark pages; unset: a lighter `ACCENT`."
    )
    terms_url: HttpUrl | None = Field(
        None, description="Terms of service, below every card."
    )
    privacy_url: HttpUrl | None = Field(
        None, description="Privacy policy, below every card."
    )
    stylesheet: Path | None = Field(
        None,
        description="A style sheet after ours; `auth-serve theme check FILE` says what "
        "of it is outside of the contract.",
    )
