"""Accounts as other products export them, as fields of ``UserImport``."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from app.core.password_schemes.exported import (
    FIREBASE_PARAMETERS,
    from_aspnet_identity,
    from_firebase,
    from_keycloak,
)
from app.schemas.user import Format
from app.services.accounts.foreign_factor import keycloak_code_hashes, parsed
from app.services.accounts.foreign_passkey import KEYCLOAK_TYPES, keycloak_entry


class ExportRefused(Exception):
    """The file as a whole is not what its format says; nothing was imported."""


class AccountRefused(Exception):
    """One account cannot be taken over; the text names no value."""


Row = Mapping[str, Any]
Fields = dict[str, Any]


def read_rows(text: str, product: Format) -> list[Any]:
    """Return the accounts of an export, one by one still unjudged.

    Raises:
        ExportRefused: No JSON, or no list of accounts where the product has it.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExportRefused(f"not JSON: {error}") from None
    if product is not Format.ASPNET:
        content = content.get("users") if isinstance(content, dict) else None
    if not isinstance(content, list):
        raise ExportRefused(f"not an export of {product}: it has no list of users")
    return content


def read_firebase_parameters(text: str) -> dict[str, str]:
    """Read "password hash parameters", as the console shows them or as JSON.

    Raises:
        ExportRefused: One of them is missing.
    """
    found = dict(re.findall(r'"?(\w+)"?\s*:\s*"?([^",\s{}]+)', text))
    missing = [name for name in FIREBASE_PARAMETERS if name not in found]
    if missing:
        raise ExportRefused(f"the Firebase parameters lack {', '.join(missing)}")
    return found


def converter(product: Format, parameters: Row) -> Callable[[Any], Fields]:
    """Return what turns an account of the product into fields of ``UserImport``.

    It raises ``AccountRefused`` for an account that cannot be taken over.

    Args:
        product: Any but ``NATIVE``.
        parameters: The project's, for Firebase.
    """

    def firebase(row: Row) -> Fields:
        return _firebase(row, parameters)

    kinds: dict[Format, Callable[[Row], Fields]] = {
        Format.KEYCLOAK: _keycloak,
        Format.FIREBASE: firebase,
        Format.ASPNET: _aspnet,
    }

    def convert(row: Any) -> Fields:
        if not isinstance(row, dict):
            raise AccountRefused("not a JSON object")
        try:
            fields = kinds[product](row)
        except (KeyError, ValueError, TypeError, AttributeError):
            said = "a credential of it is of no form that is known"
            raise AccountRefused(said) from None
        return {name: value for name, value in fields.items() if value is not None}

    return convert


def _keycloak(user: Row) -> Fields:
    """Map an entry of ``users`` in a realm export."""
    if not user.get("enabled", True):
        raise AccountRefused("it is disabled there")
    names = [user.get("firstName"), user.get("lastName")]
    passwords = [c for c in user.get("credentials") or [] if c["type"] == "password"]
    return {
        "email": user.get("email"),
        "email_verified": user.get("emailVerified"),
        "name": " ".join(str(name) for name in names if name) or None,
        "password_hash": from_keycloak(passwords[0]) if passwords else None,
        "foreign_groups": user.get("groups"),
        "attribute_texts": user.get("attributes"),
        **_keycloak_factors(user),
    }


def _keycloak_factors(user: Row) -> Fields:
    """Map credentials beside the password; of several apps the first is taken.

    Those without a secret, as the administrators' API lists them, hold nothing to take.
    """
    credentials = user.get("credentials") or []
    apps = [
        each
        for each in credentials
        if each["type"] == "otp" and parsed(each.get("secretData") or {}).get("value")
    ]
    sheets = [each for each in credentials if each["type"] == "recovery-authn-codes"]
    return {
        "totp": apps[0] if apps else None,
        "recovery_code_hashes": keycloak_code_hashes(sheets[0]) if sheets else None,
        "passkeys": [
            keycloak_entry(each, user.get("id"))
            for each in credentials
            if each["type"] in KEYCLOAK_TYPES
        ],
    }


def _firebase(user: Row, parameters: Row) -> Fields:
    """Map an entry of ``users`` of ``firebase auth:export --format=json``."""
    if user.get("disabled"):
        raise AccountRefused("it is disabled there")
    hashed = user.get("passwordHash")
    salt = user.get("salt", "")
    return {
        "email": user.get("email"),
        "email_verified": user.get("emailVerified"),
        "name": user.get("displayName") or None,
        "password_hash": (
            from_firebase(hashed, salt, parameters=parameters) if hashed else None
        ),
    }


def _aspnet(user: Row) -> Fields:
    """Map a row of the table ``AspNetUsers``."""
    hashed = user.get("PasswordHash")
    return {
        "email": user.get("Email"),
        "email_verified": user.get("EmailConfirmed"),
        "password_hash": from_aspnet_identity(hashed) if hashed else None,
    }
