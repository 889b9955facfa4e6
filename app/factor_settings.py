"""Settings of what people sign in with besides a password."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from app.setting_groups import DAY, HOUR, Group
from app.setting_types import CaFile, Models, Origins


def _hour_or_none(seconds: int) -> int:
    if seconds != 0 and seconds < HOUR:
        raise ValueError("an hour (3600) at least, or 0 for no recovery")
    return seconds


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
    metadata_file: Path | None = Field(
        None,
        description="BLOB of the FIDO Metadata Service (MDS3): new passkeys come from "
        "a model in it, whose maker vouches for them. Unset: any are taken.",
    )
    metadata_root_file: CaFile | None = Field(
        None, description="Certificate (PEM) that signs for the BLOB."
    )
    models: Models = Field(
        [],
        description="AAGUIDs of the only models that are taken; unset: every model of "
        "the BLOB.",
    )

    @model_validator(mode="after")
    def _attested(self) -> Self:
        """Refuse half a policy: it would take whatever says that it is allowed."""
        if self.metadata_file is None or self.metadata_root_file is None:
            if self.metadata_file or self.metadata_root_file or self.models:
                raise ValueError(
                    "METADATA_FILE and METADATA_ROOT_FILE go together, and MODELS "
                    "needs both"
                )
        return self


class MfaSettings(Group):
    """The second step of a sign-in."""

    required: bool = Field(
        False,
        description="Everybody needs a second factor; a role may want it of whoever "
        "has it.",
    )
    remember_ttl: int = Field(
        30 * DAY,
        ge=0,
        le=365 * DAY,
        description="A browser that its owner had remembered needs no second step this "
        "long; 0: it always does.",
    )
    freeze_ttl: int = Field(
        3 * DAY,
        ge=HOUR,
        le=30 * DAY,
        description='After "this wasn\'t me" owners change no factor for so long; '
        "administrators may remove them.",
    )
    recovery_delay: Annotated[int, AfterValidator(_hour_or_none)] = Field(
        3 * DAY,
        le=30 * DAY,
        description='Seconds from "I have lost every factor" to the link that takes '
        "them away, an hour at least; 0: administrators alone can.",
    )

    @property
    def has_recovery(self) -> bool:
        """Whether there is a way back besides an administrator's."""
        return self.recovery_delay > 0
