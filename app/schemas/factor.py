"""Bodies of ``/api/v1/users/me/factors`` and of the factors themselves."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from app.schemas.base import Code, Input, Instant, Output
from app.typed_text import shown_text

FactorName = Literal["totp", "passkey", "recovery_code"]


class TotpOut(Output):
    """An authenticator app."""

    created_at: Instant
    last_used_at: Instant | None


class TotpSetup(Output):
    """A new secret for an authenticator app; it counts once a code is confirmed."""

    secret: str
    uri: str
    qr_svg: str


class TotpConfirm(Input):
    """A code that the app shows."""

    code: Code


class PasskeyOut(Output):
    """A passkey."""

    id: UUID
    name: str
    is_backed_up: bool
    created_at: Instant
    last_used_at: Instant | None


PasskeyName = Annotated[
    str, Field(min_length=1, max_length=64), AfterValidator(shown_text)
]


class NewPasskey(Input):
    """What ``PublicKeyCredential.toJSON`` gave, of ``navigator.credentials.create``.

    Without ``name`` the passkey is called after what made it.
    """

    response: dict[str, Any]
    name: PasskeyName | None = None


class PasskeyChange(Input):
    """What its owner calls a passkey."""

    name: PasskeyName


class PasskeySignals(Output):
    """What the signal methods of WebAuthn Level 3 take, in their words."""

    rpId: str
    userId: str
    name: str
    displayName: str
    allAcceptedCredentialIds: list[str]


class RecoveryCodesOut(Output):
    """What is left of a set of recovery codes."""

    left: int
    created_at: Instant


class RecoveryCodes(Output):
    """A new set of recovery codes; this is the only time that they are shown."""

    codes: list[str]


class Factors(Output):
    """What an account can prove besides its password."""

    totp: TotpOut | None
    passkeys: list[PasskeyOut]
    recovery_codes: RecoveryCodesOut | None


class PasskeyRequestOptions(Output):
    """``PublicKeyCredentialRequestOptionsJSON`` (WebAuthn Level 3 section 5.1.10)."""

    challenge: str
    timeout: int
    rpId: str
    allowCredentials: list[dict[str, Any]]
    userVerification: str


class PasskeyCreationOptions(Output):
    """``PublicKeyCredentialCreationOptionsJSON`` (WebAuthn Level 3 section 5.1.9)."""

    challenge: str
    timeout: int
    rp: dict[str, Any]
    user: dict[str, Any]
    pubKeyCredParams: list[dict[str, Any]]
    excludeCredentials: list[dict[str, Any]]
    authenticatorSelection: dict[str, Any]
    hints: list[str]
    attestation: str
