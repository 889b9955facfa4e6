"""Settings of where private keys live besides the database."""

from pathlib import Path

from pydantic import Field, SecretStr

from app.setting_groups import Group


class Pkcs11Settings(Group):
    """A PKCS#11 token that signs (docs/operations.md); it takes the extra `pkcs11`."""

    module: Path | None = Field(
        None,
        description="The token's library, as `/usr/lib/softhsm/libsofthsm2.so`; "
        "unset: there is no token.",
    )
    token: str | None = Field(
        None, min_length=1, max_length=32, description="Its label."
    )
    pin: SecretStr | None = Field(None, description="Its user's PIN.")
    threads: int = Field(
        4, ge=1, le=64, description="Signatures at once, and sessions with the token."
    )
    timeout: float = Field(
        5.0, gt=0, le=60, description="Seconds that a signature may take."
    )
