"""What pages say, but for what stands in their templates: one place to read it all.

Fixed texts: a page that shows what its address says lends our name to anybody (T062).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.core.exceptions import AppError

_HOUR = 3_600
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Said:
    """A heading and a sentence or two below it."""

    title: str
    text: str = ""


SIGN_IN = "Sign in"
SIGN_IN_AGAIN = "Sign in again: what you are about to change is protected."
PROTECTED = "What you are about to change is protected."
BACK_TO_ACCOUNT = "Back to your account"
SIGN_IN_INSTEAD = "Already have an account? Sign in"
SIGN_UP = "Create account"
WORKING = {  # for a limit that is passed by work, which the browser does by itself
    "busy": "Or do not wait: your browser is proving that it is no robot. Fill in the "
    "form meanwhile.",
    "ready": "Your browser is ready: you can send this form now.",
}
FORGOT = "Forgot password?"
EMAIL_CODE = "Sign in with a code by email"
WITH_PASSWORD = "Sign in with your password"
ANOTHER_CODE = "Send another code"
CODE_SENT = (
    "If there is an account with this address, we sent an email with a code to it. "
    "Type it here, in this browser."
)
HOME = "Go to your account"
START = "Go to the start page"
AGAIN = "Try again"
ANOTHER_LINK = "Get a new link"
ANOTHER_MAIL = "Send the confirmation email again"
TYPE_CODE = "Enter the code from the email"
SIGN_OUT = "Sign out"
STAY = "Stay signed in"
ACCOUNT = "Change profile, password and sign-in methods"
APPLICATIONS = "Applications with access"
CHANGE_PASSWORD = "Reset your password"
ERROR_CODES = "Error codes"
OTHER_ACCOUNT = "Use another account"
MAILBOX = "Development mailbox"
DEMO = "Demo application"
API_DOCS = "API documentation"


# The second step, by the name of its factor.
FACTORS: Mapping[str, Said] = {
    "passkey": Said(
        "Confirm with your passkey",
        "Turn on JavaScript to use a passkey.",
    ),
    "totp": Said(
        "Enter the code from your authenticator app",
        "It shows a new code every half minute; each works once.",
    ),
    "recovery_code": Said(
        "Enter a recovery code",
        "One of the codes that you wrote down when you set this up. Each works once.",
    ),
}
FIRST_FACTOR = Said(
    "Set up a second step",
    "The code that the app shows now. From now on you need one to sign in.",
)
OTHER_WAY: Mapping[str, str] = {
    "passkey": "Use your passkey",
    "totp": "Use your authenticator app",
    "recovery_code": "Use a recovery code",
}
START_OVER = "Start over"
NOT_LOST = "Go back and use one of them"
LOST_FACTORS = "I can't use any of these"
NO_WAY_BACK = "Lost it? Ask an administrator."


def lasting(seconds: int) -> str:
    """Return a time in whole days, or else in hours, of which a part counts whole."""
    days, rest = divmod(seconds, _DAY)
    number, unit = (-(-seconds // _HOUR), "hour") if rest else (days, "day")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def recovery_pending(due_at: datetime) -> Said:
    """Return what follows for who lost every second factor."""
    return Said(
        "Check your email",
        "We sent you an email that says how to stop this. The one with the link that "
        f"removes your second factors leaves on {due_at:%Y-%m-%d at %H:%M} UTC.",
    )


def sign_in_to(name: str) -> str:
    """Return the link to the sign-in that an application asked for."""
    return f"Sign in to {name}"


def continue_to(name: str) -> str:
    """Return the link that goes on with what an application asked for."""
    return f"Continue to {name}"


def back_to(name: str) -> str:
    """Return the link that leads to an application's own pages."""
    return f"Go to {name}"


def purpose(full_name: str) -> str:
    """Return for which application somebody acts."""
    return f"to continue to {full_name}"


def begin_again(name: str) -> str:
    """Return what to do where there is no link to an application."""
    return f"Open {name} and sign in from there."


# What comes after a form, by the last part of ``/done/...``.
DONE: Mapping[str, Said] = {
    "setup": Said("Setup is complete", "You can now sign in as the administrator."),
    "registered": Said(
        "Check your email",
        "We sent you an email. Use the link or the code in it to confirm your address, "
        "then sign in.",
    ),
    "email-verified": Said(
        "Email address confirmed", "Your email address is confirmed."
    ),
    "email-changed": Said(
        "Email address changed", "From now on, sign in with your new email address."
    ),
    "mail-sent": Said(
        "Check your email",
        "If there is an account with this address, we sent an email with a link and a "
        "code to reset the password.",
    ),
    "verification-sent": Said(
        "Check your email",
        "If this address has an account that is not confirmed yet, we sent an email "
        "with a link and a code.",
    ),
    "password-reset": Said(
        "Password changed",
        "You were signed out everywhere. Sign in with your new password.",
    ),
    "invitation-accepted": Said(
        "Your account is ready", "Sign in with the password that you chose."
    ),
    "not-me": Said(
        "Your account is secured",
        "Every device and application was signed out. We sent you an email with a link "
        "to choose a new password; nothing else lets anybody in.",
    ),
    "account-deleted": Said(
        "Account deleted", "Your account and all that belonged to it are gone."
    ),
    "recovery-stopped": Said(
        "The request was stopped",
        "Nothing was removed. Whoever made it knows your password: if it was not you, "
        "reset your password now.",
    ),
    "factors-recovered": Said(
        "Your second factors were removed",
        "You were signed out everywhere. Sign in with your password, and set up a new "
        "second factor at once.",
    ),
    "signed-out": Said(
        "You are signed out",
        "Other accounts in this browser, if any, are still signed in.",
    ),
    "signed-out-of-all": Said(
        "You are signed out", "You are signed out of all accounts in this browser."
    ),
}

# A link that is opened once more, by the same key: what it was for is so already.
HAPPENED: Mapping[str, Said] = {
    "setup": Said(
        "Setup is already complete",
        "This link was used. Sign in as the administrator. Where the service runs, the "
        "command auth-serve setup link says that set-up is finished.",
    ),
    "email-verified": Said(
        "Email address confirmed",
        "Your email address is already confirmed. There is nothing left to do here.",
    ),
    "email-changed": Said(
        "Email address changed",
        "Your new email address is already confirmed. Sign in with it.",
    ),
    "password-reset": Said(
        "This link was already used",
        "The password was changed after this email was sent. Sign in with the new "
        "password, or ask for another link.",
    ),
    "not-me": Said(
        "Your account was secured already",
        "Every device and application was signed out then, and we sent you an email "
        "with a link to choose a new password.",
    ),
    "recovery-stopped": Said(
        "This request is over",
        "It was stopped, somebody signed in with a second factor, or it was carried "
        "out; of that we would have told you by mail.",
    ),
    "invitation-accepted": Said(
        "This invitation was already accepted",
        "Your account is ready. Sign in with the password that you chose.",
    ),
}

ALLOWED_ALREADY = "This account already allowed what the application asks for."
OVER = Said(
    "This sign-in has ended",
    "It was completed, was open for too long, or was started in another browser.",
)
OVER_NOTICE = (
    "The sign-in that an application asked for has ended: it was completed, was open "
    "for too long, or was started in another browser. What you do here does not lead "
    "back to the application."
)


NOBODY = "You are not signed in."


def signed_in_as(email: str) -> str:
    """Return who is signed in at this browser."""
    return f"You are signed in as {email}."


# How pages say a refusal, by its code; others are said as the API says them.
_ERRORS: Mapping[str, Said] = {
    "validation_failed": Said("Please check what you entered"),
    "not_found": Said(
        "Page not found", "The address may be mistyped, or the page no longer exists."
    ),
    "method_not_allowed": Said(
        "This page cannot be opened like this",
        "It only takes a form from one of our own pages.",
    ),
    "payload_too_large": Said(
        "That is too much text", "Nothing was changed. Enter less and send it again."
    ),
    "head_too_large": Said(
        "Your browser sent too much data", "Delete the cookies of this site."
    ),
    "unsupported_media_type": Said("The form could not be read"),
    "bad_request": Said("The request could not be understood"),
    "request_timeout": Said("The form took too long to arrive", "Nothing was changed."),
    "unavailable": Said("The service is busy", "Nothing was changed."),
    "internal_error": Said(
        "Something went wrong", "The problem is on our side and was written down."
    ),
    "too_many_attempts": Said("Too many attempts"),
    "invalid_credentials": Said("Wrong email address or password"),
    "invalid_token": Said(
        "This link does not work",
        "It may have expired, or a newer email replaced it.",
    ),
    "invalid_code": Said("This code does not work"),
    "invalid_mfa_token": Said(
        "This sign-in took too long or is over", "Sign in again."
    ),
    "email_not_verified": Said(
        "Confirm your email address first",
        "We sent you an email with a link when the account was created. We can send it "
        "again.",
    ),
    "password_reset_required": Said(
        "Choose a new password first",
        "Your account is protected: only a link that we mail you lets you in again. "
        "Ask for it below.",
    ),
    "email_taken": Said(
        "An account with this email address already exists",
        "Sign in to it, or reset its password.",
    ),
    "flow_not_found": OVER,
    "malformed_flow": Said(
        "This link is incomplete", "Go back to the application and start again."
    ),
    "forbidden": Said("You do not have permission to do this"),
}


def said(error: AppError) -> Said:
    """Return a refusal in words for people; how long to wait is always said."""
    known = _ERRORS.get(error.code)
    if known is None:
        return Said(error.title, error.detail or "")
    texts = (known.text, error.detail)
    return Said(known.title, " ".join(text for text in texts if text))


# What is wrong with a field, by the code of the complaint and the field.
_MISSING: Mapping[str, str] = {
    "email": "Enter your email address.",
    "password": "Enter a password.",
    "code": "Enter the code from the email.",
    "picture": "Choose a picture.",
    "token": "This link is incomplete; open it from the email again.",
}


def complaint(field: str, code: str, message: str) -> str:
    """Return what is wrong with a field, as a sentence.

    Args:
        field: Its name.
        code: Of the complaint; pydantic's, or ours.
        message: What the API would say.
    """
    if code == "missing":
        return _MISSING.get(field, "Fill in this field.")
    if code == "string_too_long":
        return "This is too long."
    sentence = message[:1].upper() + message[1:]
    return sentence if sentence.endswith(".") else f"{sentence}."
