"""Settings of what people sign in with besides a password."""

from pydantic import Field

from app.setting_groups import Group
from app.setting_types import Origins


class PasskeySettings(Group):
    """Passkeys (WebAuthn Level 3)."""

    rp_id: str | None = Field(
        None,
        pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$",
        description="Domain that passkeys are for: the host of PUBLIC_URL (the "
        "default) or one above it. Whoever changes it makes every passkey useless.",
    )
    origins: Origins = Field(
        [],
        description="Other sites, such as `https://login.example.com`, whose pages may "
        "ask for these passkeys (related origins).",
    )
