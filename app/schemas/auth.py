"""Bodies of ``/api/v1/auth``."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from app.schemas.base import (
    Code,
    Email,
    Input,
    Instant,
    MailedToken,
    NamedClient,
    Output,
    Password,
    ShownText,
    Token,
    TypedEmail,
)
from app.typed_text import typed_code


class Proving(Input):
    """What a limit may refuse; ``proof`` is the solution of the challenge in a 429."""

    proof: Token | None = None


class RegisterRequest(Proving):
    """A new account; ``invitation`` is the token or the code from an invitation.

    ``client_id`` names the application that the link of the mail leads back to.
    """

    # What /docs fills in: an account without an invitation, which most never have.
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"email": "ann@example.com", "password": "correct horse battery"}
            ]
        }
    )

    email: Email
    password: Password
    name: ShownText | None = None
    invitation: Annotated[Token, AfterValidator(typed_code)] | None = None
    client_id: NamedClient | None = None


class VerificationSent(Output):
    """The same answer whether the address had an account or not."""

    status: Literal["verification_sent"] = "verification_sent"


class LoginRequest(Proving):
    """What somebody claims to be theirs.

    ``device_token`` is what the last answer gave: a known device has tries of its own.
    """

    email: TypedEmail
    password: Password
    device_token: Token | None = None


class Tokens(Output):
    """Tokens of a session; lives are seconds from now.

    ``device_token`` comes with a sign-in alone, for the next one at the same device.
    """

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    device_token: str | None = None


class MfaRequest(Input):
    """A second step: ``code`` for what is typed, ``response`` for a passkey."""

    mfa_token: Token
    factor: Literal["totp", "recovery_code", "passkey"]
    code: Annotated[str, Field(max_length=128)] | None = None
    response: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        is_typed = self.factor != "passkey"
        if is_typed != (self.code is not None) or is_typed == (
            self.response is not None
        ):
            needed, other = ("code", "response") if is_typed else ("response", "code")
            raise ValueError(f"factor {self.factor} needs {needed}, not {other}")
        return self


class PasskeyOptionsRequest(Input):
    """Nothing, or whom a password manager should look for; the answer is the same."""

    email: TypedEmail | None = None


class PasskeyRequest(Input):
    """What ``PublicKeyCredential.toJSON`` gave, of ``navigator.credentials.get``."""

    response: dict[str, Any]


class MfaOptionsRequest(Input):
    """The sign-in that waits for a second step."""

    mfa_token: Token


class FactorRecoveryPending(Output):
    """A recovery that waits; its link is mailed at ``due_at``, unless it is stopped."""

    status: Literal["recovery_pending"] = "recovery_pending"
    due_at: Instant


class StopFactorRecovery(Input):
    """The link from the mails that announce a recovery."""

    token: MailedToken


class FinishFactorRecovery(Input):
    """The link that ends a recovery, and the password of the account."""

    token: MailedToken
    password: Password


class RefreshRequest(Input):
    """The newest refresh token of the session."""

    refresh_token: Token


class MailedProof(Input):
    """What a mail carries: the link's token, or the code typed with the address."""

    token: MailedToken | None = None
    email: TypedEmail | None = None
    code: Code | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_link = self.token is not None
        by_code = self.email is not None and self.code is not None
        partly = self.email is not None or self.code is not None
        if by_link == by_code or (by_link and partly):
            raise ValueError("send token, or email and code")
        return self


class TypedCode(Input):
    """A code as it is typed on a page, with the address that the mail went to."""

    email: TypedEmail
    code: Code

    @property
    def digits(self) -> str:
        """The code without the blanks that people put between its digits."""
        return "".join(self.code.split())


class VerifyEmailRequest(MailedProof):
    """Proof that somebody reads mail at the address."""


class NotMeRequest(Input):
    """The link of a mail that told of a sign-in or a change."""

    token: MailedToken


class EmailRequest(Proving):
    """An address that a mail shall go to, if it has an account."""

    email: TypedEmail


class MailRequest(EmailRequest):
    """An address, and the application that the link of the mail leads back to."""

    client_id: NamedClient | None = None


class ResetPasswordRequest(MailedProof):
    """Proof from the mail, and the password that its reader chose."""

    new_password: Password


class ChangePasswordRequest(Input):
    """Both passwords; the current one is asked for again."""

    current_password: Password
    new_password: Password


class EmailCodeRequest(Input):
    """The address and the code from its mail."""

    email: TypedEmail
    code: Code
