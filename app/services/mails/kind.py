"""Every kind of mail: what it is called, and what stands in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.language import N_
from app.services.one_time.token import Purpose


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mail.

    Attributes:
        subject: Fixed text; nothing that a person chose.
        purpose: Of the one-time token that it carries, if any.
        path: Page that the link opens; it asks for one more click there.
        has_code: Whether the code may be typed somewhere; a code that opens nothing
            is not printed.
        told: What of its event it says; a message without it is not sent.
        about: The subject by the factor that came or went.
        says_not_me: Whether it has a link to say that it was somebody else.
    """

    subject: str
    purpose: Purpose | None = None
    path: str = ""
    has_code: bool = False
    told: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    says_not_me: bool = False


KINDS: Mapping[str, Kind] = {
    "verify_email": Kind(
        N_("Confirm your email address"), Purpose.VERIFY_EMAIL, "/verify-email", True
    ),
    "reset_password": Kind(
        N_("Reset your password"), Purpose.RESET_PASSWORD, "/reset-password", True
    ),
    "change_email": Kind(
        N_("Confirm your new email address"),
        Purpose.CHANGE_EMAIL,
        "/confirm-email",
        True,
    ),
    "invitation": Kind(
        N_("Accept your invitation"), Purpose.INVITATION, "/accept-invitation", True
    ),
    "email_code": Kind(N_("Your code to sign in"), Purpose.EMAIL_CODE, has_code=True),
    "new_sign_in": Kind(
        N_("Somebody signed in to your account"),
        told=("browser", "place"),
        says_not_me=True,
    ),
    "not_me": Kind(
        N_("Your account was signed out everywhere"),
        told=("moved_back", "address_taken", "frozen_until"),
    ),
    "second_step_guessed": Kind(
        N_("Somebody tried to sign in to your account"), says_not_me=True
    ),
    "registration_repeated": Kind(N_("You already have an account")),
    "email_set": Kind(N_("This is the address of your account now")),
    "email_changed": Kind(N_("Your email address was changed"), says_not_me=True),
    "email_moved_here": Kind(N_("This is the address of your account now")),
    "password_changed": Kind(N_("Your password was changed"), says_not_me=True),
    "password_kept": Kind(
        N_("Your account has a password of its own now"),
        told=("service",),
        says_not_me=True,
    ),
    "account_deleted": Kind(N_("Your account was deleted")),
    "administrator_recovered": Kind(N_("Your access as administrator was restored")),
    "factor_added": Kind(
        N_("A second factor was added to your account"),
        told=("factor",),
        about={
            "totp": N_("An authenticator app was added to your account"),
            "passkey": N_("A passkey was added to your account"),
        },
        says_not_me=True,
    ),
    "factor_removed": Kind(
        N_("A second factor was removed from your account"),
        told=("factor", "was_last"),
        about={
            "totp": N_("An authenticator app was removed from your account"),
            "passkey": N_("A passkey was removed from your account"),
            "recovery_code": N_("The recovery codes were removed from your account"),
        },
        says_not_me=True,
    ),
    "personal_token_created": Kind(
        N_("A personal access token was made for your account"),
        told=("token_name",),
        says_not_me=True,
    ),
    "recovery_codes_made": Kind(
        N_("Recovery codes were made for your account"), says_not_me=True
    ),
    "recovery_code_used": Kind(
        N_("A recovery code of your account was used"),
        told=("left",),
        says_not_me=True,
    ),
    "factor_recovery_requested": Kind(
        N_("Your second factors are about to be removed"),
        Purpose.FACTOR_RECOVERY_STOP,
        "/stop-recovery",
    ),
    "factor_recovery_link": Kind(
        N_("Remove the second factors of your account"),
        Purpose.FACTOR_RECOVERY,
        "/recover-factors",
    ),
    "factors_recovered": Kind(
        N_("The second factors of your account were removed"), says_not_me=True
    ),
    "upstream_linked": Kind(
        N_("Your account was connected with another service"),
        told=("service",),
        says_not_me=True,
    ),
    "upstream_unlinked": Kind(
        N_("Your account was disconnected from another service"),
        told=("service",),
        says_not_me=True,
    ),
    "mail_test": Kind(N_("Mail from this service arrives")),
}
FACTORS: Mapping[str, str] = {
    "totp": N_("an authenticator app"),
    "passkey": N_("a passkey"),
    "recovery_code": N_("the recovery codes"),
}
OTHER_FACTOR = N_("a second factor")
SAMPLES: Mapping[str, Any] = {  # of what events tell, for previews and checks
    "browser": "Firefox on Windows",
    "place": "Lisbon, Portugal",
    "factor": "passkey",
    "token_name": "Nightly backup",
    "service": "Example Inc.",
    "left": 3,
    "was_last": True,
    "moved_back": True,
    "address_taken": False,
    "frozen_until": "2026-03-05 07:04 UTC",
}
