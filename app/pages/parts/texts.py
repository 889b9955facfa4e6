"""What pages say, but for what stands in their templates: one place to read it all.

Fixed texts: a page that shows what its address says lends our name to anybody (T062).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.core.language import N_, gettext, ngettext
from app.core.language.words import spoken_instant

_HOUR = 3_600
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Said:
    """A heading and a sentence or two below it."""

    title: str
    text: str = ""


SIGN_IN = N_("Sign in")
SIGN_IN_AGAIN = N_("Sign in again: what you are about to change is protected.")
PROTECTED = N_("What you are about to change is protected.")
BACK_TO_ACCOUNT = N_("Back to your account")
SIGN_IN_INSTEAD = N_("Already have an account? Sign in")
SIGN_UP = N_("Create account")
WORKING = {  # for a limit that is passed by work, which the browser does by itself
    "busy": N_(
        "Or do not wait: your browser is proving that it is no robot. Fill in the "
        "form meanwhile."
    ),
    "ready": N_("Your browser is ready: you can send this form now."),
}
FORGOT = N_("Forgot password?")
EMAIL_CODE = N_("Sign in with a code by email")
WITH_PASSWORD = N_("Sign in with your password")
ANOTHER_CODE = N_("Send another code")
CODE_SENT = N_(
    "If there is an account with this address, we sent an email with a code to it. "
    "Type it here, in this browser."
)
HOME = N_("Go to your account")
START = N_("Go to the start page")
AGAIN = N_("Try again")
ANOTHER_LINK = N_("Get a new link")
ANOTHER_MAIL = N_("Send the confirmation email again")
TYPE_CODE = N_("Enter the code from the email")
SIGN_OUT = N_("Sign out")
STAY = N_("Stay signed in")
CONSOLE = N_("Open the console")
ACCOUNT = N_("Change profile, password and sign-in methods")
APPLICATIONS = N_("Applications with access")
CHANGE_PASSWORD = N_("Reset your password")
ERROR_CODES = N_("Error codes")
OTHER_ACCOUNT = N_("Use another account")
CONTINUE = N_("Continue")
CONNECT_DEVICE = N_("Connect a device")
TYPE_DEVICE_CODE = N_("Type the code that your device shows.")
DEVICE_CODE = N_("Code on the device")
DEVICE_CODE_HINT = N_("Eight letters. Capitals and the dash do not matter.")
SAME_DEVICE_CODE = N_(
    "Your device must show exactly this code. If it shows another one, or none, "
    "somebody else may have sent you here: close this page."
)
MAILBOX = N_("Development mailbox")
DEMO = N_("Demo application")
API_DOCS = N_("API documentation")


# The second step, by the name of its factor.
FACTORS: Mapping[str, Said] = {
    "passkey": Said(
        N_("Confirm with your passkey"),
        N_("Turn on JavaScript to use a passkey."),
    ),
    "totp": Said(
        N_("Enter the code from your authenticator app"),
        N_("It shows a new code every half minute; each works once."),
    ),
    "recovery_code": Said(
        N_("Enter a recovery code"),
        N_(
            "One of the codes that you wrote down when you set this up. Each works "
            "once."
        ),
    ),
}
FIRST_FACTOR = Said(
    N_("Set up a second step"),
    N_("The code that the app shows now. From now on you need one to sign in."),
)
OTHER_WAY: Mapping[str, str] = {
    "passkey": N_("Use your passkey"),
    "totp": N_("Use your authenticator app"),
    "recovery_code": N_("Use a recovery code"),
}
START_OVER = N_("Start over")
NOT_LOST = N_("Go back and use one of them")
LOST_FACTORS = N_("I can't use any of these")
NO_WAY_BACK = N_("Lost it? Ask an administrator.")


def lasting(seconds: int) -> str:
    """Return a time in whole days, or else in hours, of which a part counts whole."""
    days, rest = divmod(seconds, _DAY)
    if not rest:
        said = ngettext("%(number)s day", "%(number)s days", days)
        return said % {"number": days}
    hours = -(-seconds // _HOUR)
    return ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": hours}


def recovery_pending(due_at: datetime) -> Said:
    """Return what follows for who lost every second factor."""
    text = gettext(
        "We sent you an email that says how to stop this. The one with the link that "
        "removes your second factors leaves on %(day)s."
    )
    return Said(N_("Check your email"), text % {"day": spoken_instant(due_at)})


def sign_in_to(name: str) -> str:
    """Return the link to the sign-in that an application asked for."""
    return gettext("Sign in to %(name)s") % {"name": name}


def continue_to(name: str) -> str:
    """Return the link that goes on with what an application asked for."""
    return gettext("Continue to %(name)s") % {"name": name}


CONTINUE_TO_SIGN_IN = N_("To go in, continue and sign in.")
ASK_WHO_LETS_IN = N_(
    "This account may not go in there. Use another one, or ask an administrator."
)


def not_signed_in_at(name: str) -> str:
    """Return the heading for who left a protected host."""
    return gettext("You are not signed in to %(name)s") % {"name": name}


def may_not_enter(name: str) -> str:
    """Return the heading for who may not enter a protected host."""
    return gettext("You may not use %(name)s") % {"name": name}


def back_to(name: str) -> str:
    """Return the link that leads to an application's own pages."""
    return gettext("Go to %(name)s") % {"name": name}


def begin_again(name: str) -> str:
    """Return what to do where there is no link to an application."""
    return gettext("Open %(name)s and sign in from there.") % {"name": name}


# What comes after a form, by the last part of ``/done/...``.
DONE: Mapping[str, Said] = {
    "setup": Said(
        N_("Setup is complete"), N_("You can now sign in as the administrator.")
    ),
    "registered": Said(
        N_("Check your email"),
        N_(
            "We sent you an email. Use the link or the code in it to confirm your "
            "address, then sign in."
        ),
    ),
    "email-verified": Said(
        N_("Email address confirmed"), N_("Your email address is confirmed.")
    ),
    "email-changed": Said(
        N_("Email address changed"),
        N_("From now on, sign in with your new email address."),
    ),
    "mail-sent": Said(
        N_("Check your email"),
        N_(
            "If there is an account with this address, we sent an email with a link "
            "and a code to reset the password."
        ),
    ),
    "verification-sent": Said(
        N_("Check your email"),
        N_(
            "If this address has an account that is not confirmed yet, we sent an "
            "email with a link and a code."
        ),
    ),
    "password-reset": Said(
        N_("Password changed"),
        N_("You were signed out everywhere. Sign in with your new password."),
    ),
    "invitation-accepted": Said(
        N_("Your account is ready"), N_("Sign in with the password that you chose.")
    ),
    "not-me": Said(
        N_("Your account is secured"),
        N_(
            "Every device and application was signed out. We sent you an email with a "
            "link to choose a new password; nothing else lets anybody in."
        ),
    ),
    "account-deleted": Said(
        N_("Account deleted"), N_("Your account and all that belonged to it are gone.")
    ),
    "recovery-stopped": Said(
        N_("The request was stopped"),
        N_(
            "Nothing was removed. Whoever made it knows your password: if it was not "
            "you, reset your password now."
        ),
    ),
    "factors-recovered": Said(
        N_("Your second factors were removed"),
        N_(
            "You were signed out everywhere. Sign in with your password, and set up a "
            "new second factor at once."
        ),
    ),
    "device-connected": Said(
        N_("Your device is connected"),
        N_("Go back to it: within a few seconds it goes on by itself."),
    ),
    "device-denied": Said(
        N_("The device was turned away"),
        N_(
            "It gets no access. If you did not start this yourself, somebody tried to "
            "get into your account."
        ),
    ),
    "signed-out": Said(
        N_("You are signed out"),
        N_("Other accounts in this browser, if any, are still signed in."),
    ),
    "signed-out-of-all": Said(
        N_("You are signed out"),
        N_("You are signed out of all accounts in this browser."),
    ),
}

# A link that is opened once more, by the same key: what it was for is so already.
HAPPENED: Mapping[str, Said] = {
    "setup": Said(
        N_("Setup is already complete"),
        N_(
            "This link was used. Sign in as the administrator. Where the service runs, "
            "the command auth-serve setup link says that set-up is finished."
        ),
    ),
    "email-verified": Said(
        N_("Email address confirmed"),
        N_(
            "Your email address is already confirmed. There is nothing left to do here."
        ),
    ),
    "email-changed": Said(
        N_("Email address changed"),
        N_("Your new email address is already confirmed. Sign in with it."),
    ),
    "password-reset": Said(
        N_("This link was already used"),
        N_(
            "The password was changed after this email was sent. Sign in with the new "
            "password, or ask for another link."
        ),
    ),
    "not-me": Said(
        N_("Your account was secured already"),
        N_(
            "Every device and application was signed out then, and we sent you an "
            "email with a link to choose a new password."
        ),
    ),
    "recovery-stopped": Said(
        N_("This request is over"),
        N_(
            "It was stopped, somebody signed in with a second factor, or it was "
            "carried out; of that we would have told you by mail."
        ),
    ),
    "invitation-accepted": Said(
        N_("This invitation was already accepted"),
        N_("Your account is ready. Sign in with the password that you chose."),
    ),
}

ALLOWED_ALREADY = N_("This account already allowed what the application asks for.")
OVER = Said(
    N_("This sign-in has ended"),
    N_("It was completed, was open for too long, or was started in another browser."),
)
OVER_NOTICE = N_(
    "The sign-in that an application asked for has ended: it was completed, was open "
    "for too long, or was started in another browser. What you do here does not lead "
    "back to the application."
)


NOBODY = N_("You are not signed in.")


def signed_in_as(email: str) -> str:
    """Return who is signed in at this browser."""
    return gettext("You are signed in as %(email)s.") % {"email": email}
