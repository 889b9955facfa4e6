"""Settings of personal access tokens."""

from pydantic import Field

from app.setting_groups import DAY, HOUR, Group
from app.setting_types import CENTURY, Names


class PersonalTokenSettings(Group):
    """Tokens that people make for their scripts."""

    enabled: bool = Field(False, description="Whether there are any.")
    max_ttl: int = Field(
        90 * DAY, ge=HOUR, le=CENTURY, description="Seconds that one may live."
    )
    max_per_user: int = Field(
        20, ge=1, le=1_000, description="Live ones that an account may have."
    )
    audiences: Names = Field(
        [], description="APIs besides ours that take them, by introspection."
    )
    hosts: Names = Field(
        [], description="Protected hosts that take them as a password."
    )
