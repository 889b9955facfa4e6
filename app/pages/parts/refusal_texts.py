"""How pages say refusals, and what is wrong with a field, to people."""

import re
from collections.abc import Mapping

from app.core.exceptions import AppError
from app.core.language import ENGLISH, N_, Message, gettext, language
from app.pages.parts.texts import OVER, Said
from app.schemas.user import GROUP_NAME, ROLE_NAME

# How pages say a refusal, by its code; others are said as the API says them.
ERRORS: Mapping[str, Said] = {
    "validation_failed": Said(N_("Please check what you entered")),
    "not_found": Said(
        N_("Page not found"),
        N_("The address may be mistyped, or the page no longer exists."),
    ),
    "method_not_allowed": Said(
        N_("This page cannot be opened like this"),
        N_("It only takes a form from one of our own pages."),
    ),
    "payload_too_large": Said(
        N_("That is too much text"),
        N_("Nothing was changed. Enter less and send it again."),
    ),
    "head_too_large": Said(
        N_("Your browser sent too much data"), N_("Delete the cookies of this site.")
    ),
    "unsupported_media_type": Said(N_("The form could not be read")),
    "bad_request": Said(N_("The request could not be understood")),
    "request_timeout": Said(
        N_("The form took too long to arrive"), N_("Nothing was changed.")
    ),
    "unavailable": Said(N_("The service is busy"), N_("Nothing was changed.")),
    "internal_error": Said(
        N_("Something went wrong"),
        N_("The problem is on our side and was written down."),
    ),
    "too_many_attempts": Said(N_("Too many attempts")),
    "invalid_credentials": Said(N_("Wrong email address or password")),
    "invalid_token": Said(
        N_("This link does not work"),
        N_("It may have expired, or a newer email replaced it."),
    ),
    "invalid_code": Said(N_("This code does not work")),
    "invalid_mfa_token": Said(
        N_("This sign-in took too long or is over"), N_("Sign in again.")
    ),
    "email_not_verified": Said(
        N_("Confirm your email address first"),
        N_(
            "We sent you an email with a link when the account was created. We can "
            "send it again."
        ),
    ),
    "password_reset_required": Said(
        N_("Choose a new password first"),
        N_(
            "Your account is protected: only a link that we mail you lets you in "
            "again. Ask for it below."
        ),
    ),
    "email_taken": Said(
        N_("An account with this email address already exists"),
        N_("Sign in to it, or reset its password."),
    ),
    "flow_not_found": OVER,
    "malformed_flow": Said(
        N_("This link is incomplete"), N_("Go back to the application and start again.")
    ),
    "forbidden": Said(N_("You do not have permission to do this")),
}


def titled(code: str, title: str) -> str:
    """Return the title of a refusal as pages say it."""
    known = ERRORS.get(code)
    return gettext(known.title if known else title)


def said(error: AppError) -> Said:
    """Return a refusal in words for people; how long to wait is always said."""
    known = ERRORS.get(error.code)
    if known is None:
        return Said(gettext(error.title), error.detail or "")
    texts = (known.text and gettext(known.text), error.detail)
    return Said(gettext(known.title), " ".join(text for text in texts if text))


# What is wrong with a field, by the code of the complaint and the field.
_MISSING: Mapping[str, str] = {
    "email": N_("Enter your email address."),
    "password": N_("Enter a password."),
    "code": N_("Enter the code from the email."),
    "picture": N_("Choose a picture."),
    "scopes": N_("Choose at least one."),
    "token": N_("This link is incomplete; open it from the email again."),
}


_NUMBER = re.compile(r"\d+")
NO_OWNER = N_("There is no active account of this address or ID.")
_BY_CODE: Mapping[str, str] = {
    "has_links": N_(
        "People are known by it as another server named them. Make a new connection."
    ),
    "url_refused": N_("This address may not be called from here."),
    "invalid_owner": NO_OWNER,
    "password_too_short": N_("Use at least %(number)s characters."),
    "password_too_long": N_("Use at most %(number)s characters."),
    "password_too_common": N_("This is one of the commonest passwords; use another."),
    "password_too_simple": N_("This is a repetition or a sequence; use another."),
    "password_contains_context": N_("This is your name, address or our name."),
    "password_breached": N_(
        "This password is known from a breach elsewhere; use another."
    ),
    "email_unchanged": N_("This is the present address."),
    "special_use_domain": N_("Addresses of this domain are not accepted here."),
    "too_long": N_("A picture may have %(number)s KB at most."),
    "picture_too_large": N_("A picture may have %(number)s pixels on a side at most."),
    "not_a_picture": N_("Choose a PNG, JPEG or WebP picture."),
    "broken_picture": N_("This picture is damaged; choose another one."),
    "moving_picture": N_("Choose a picture that does not move."),
    "client_without_secret": N_("This application has no secret."),
    "invalid_host": N_("Enter a host as browsers know it: wiki.example.com."),
    "invalid_path": N_("Enter a path as it is, such as /public/."),
    "reserved_host": N_("This is the name of this service itself; use another."),
    "unknown_client": N_("There is no such application."),
    "unknown_group": N_("There is no such group."),
    "unknown_role": N_("There is no such role."),
    "unknown_attribute": N_("There is no such attribute."),
    "attribute_required": N_("Fill in this field."),
    "attribute_not_own": N_("An administrator sets this."),
    "attributes_too_large": N_("This is too long."),
}
# What schemas say of values, to programs and to people.
_VALUES: Mapping[str, str] = {
    "the part after the @ is no domain": N_("The part after the @ is no domain."),
    "the part after the @ is a name, not a number": N_(
        "The part after the @ is a name, not a number."
    ),
    "the part before the @ has at most 64 octets": N_(
        "The part before the @ is too long."
    ),
    "an email address has at most 254 characters": N_("This address is too long."),
    "only printable characters": N_("This has characters that cannot be shown."),
    "only printable characters and new lines": N_(
        "This has characters that cannot be shown."
    ),
    "must be an https URL": N_("Enter an address that begins with https://."),
    "must be a language tag (BCP 47), for example en-GB": N_(
        "Enter a language tag, for example en-GB."
    ),
    "must be a name of the time zone database": N_(
        "Enter a time zone, for example Europe/Lisbon."
    ),
    "must be an https or http URL": N_(
        "Enter an address that begins with https:// or http://."
    ),
    "must be YYYY-MM-DD, 0000-MM-DD or YYYY": N_("Enter it as in 1990-12-31, or 1990."),
    "must be a day that there is": N_("There is no such day."),
    "must be a number in international form: +1 425 555 1212": N_(
        "Enter a number as in +1 425 555 1212."
    ),
    "this kind of JPEG is not shown everywhere": N_(
        "This kind of JPEG is not shown everywhere; choose another picture."
    ),
    "must be a number": N_("Enter a number."),
    "must be a day that there is, YYYY-MM-DD": N_("Enter a day as in 1990-12-31."),
    "must match the pattern of the attribute": N_(
        "This is not in the form that is asked for."
    ),
    "must be one of the allowed values": N_("Choose one of the values."),
    "hosts:enter has to be the only scope": N_(
        "Programs behind our sign-in need a token that does nothing else."
    ),
    "must read #rrggbb": N_("Enter a colour as in #7a1f5c."),
}
# Of names that have to look like a pattern: nobody is shown the pattern.
_PATTERNS: Mapping[str, str] = {
    ROLE_NAME: N_("Small letters, digits, - and _. It stays."),
    GROUP_NAME: N_("Letters A to Z, digits and . _ : / @ + - without spaces."),
}
_OTHER_PATTERN = _VALUES["must match the pattern of the attribute"]
_FILLED_IN: Mapping[str, str] = {  # by what the API says, with groups of the same names
    r'type "(?P<plain>.+)" instead of "(?P<typed>.)" before the @': N_(
        'Type "%(plain)s" instead of "%(typed)s" before the @.'
    ),
    r"must have at most (?P<number>\d+) characters": N_(
        "Use at most %(number)s characters."
    ),
    r"are more than (?P<number>\d+) events; name a shorter span": N_(
        "These are more than %(number)s events; choose a shorter time."
    ),
    r"must be a list of at most (?P<number>\d+) texts": N_(
        "Use at most %(number)s lines."
    ),
    r"has a contrast of (?P<number>[\d.]+):1 on light pages, .+": N_(
        "It has a contrast of %(number)s:1 on light pages, and text needs 4.5:1."
    ),
    r"has a contrast of (?P<number>[\d.]+):1 on dark pages, .+": N_(
        "It has a contrast of %(number)s:1 on dark pages, and text needs 4.5:1."
    ),
}
# About clients and APIs, in the words of the standards: developers know them in
# English.
_TECHNICAL = frozenset(
    {
        "algorithm_not_offered",
        "audience_is_client_id",
        "client_id_is_audience",
        "client_id_is_host",
        "host_is_client_id",
        "identifier_is_client_id",
        "identifier_is_host",
        "invalid_audience",
        "invalid_claim_mapping",
        "invalid_client_id",
        "invalid_client_metadata",
        "invalid_identifier",
        "invalid_redirect_uri",
        "no_own_scope",
        "not_trustworthy",
        "reserved_client_id",
        "self_registered_client",
    }
)


def complaint(field: str, code: str, message: str) -> str:
    """Return what is wrong with a field, as a sentence.

    Args:
        field: Its name.
        code: Of the complaint; pydantic's, or ours.
        message: What the API would say; a ``Message`` is a page's own sentence.
    """
    if isinstance(message, Message):
        return gettext(message)
    if code == "missing":
        return gettext(_MISSING.get(field, N_("Fill in this field.")))
    if code == "string_too_long":
        return gettext("This is too long.")
    if known := _VALUES.get(message) or _BY_CODE.get(code):
        number = _NUMBER.search(message)
        return gettext(known) % {"number": number[0] if number else ""}
    if code == "string_pattern_mismatch":
        fitting = (text for name, text in _PATTERNS.items() if name in message)
        return gettext(next(fitting, _OTHER_PATTERN))
    for pattern, sentence in _FILLED_IN.items():
        if found := re.fullmatch(pattern, message):
            return gettext(sentence) % found.groupdict()
    return _as_api(message) if language() == ENGLISH else _unsaid(field, code, message)


def _unsaid(field: str, code: str, message: str) -> str:
    """Return what is said in other languages of a complaint that has no sentence."""
    if code in _TECHNICAL:
        return gettext("This cannot be used: %(reason)s") % {"reason": message}
    if field == "email":
        return gettext("This is not an email address.")
    return gettext("This cannot be used; please change it.")


def _as_api(message: str) -> str:
    sentence = message[:1].upper() + message[1:]
    return sentence if sentence.endswith(".") else f"{sentence}."
