"""What an application is, in the words of those who write it."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from app.oauth.grants.device_code import DeviceCode


class Kind(StrEnum):
    """Where an application runs, and for whom it acts."""

    WEB = "web"
    SPA = "spa"
    NATIVE = "native"
    DEVICE = "device"
    MACHINE = "machine"


_SIGN_IN = frozenset({"authorization_code", DeviceCode.name})
_SIGNS_IN = {"grant_types": ["authorization_code", "refresh_token"]}
_PUBLIC = {**_SIGNS_IN, "token_endpoint_auth_method": "none"}


def signs_in(grant_types: Iterable[str]) -> bool:
    """Tell whether people sign in with one of these grants."""
    return not _SIGN_IN.isdisjoint(grant_types)


# What follows from it, as members of RFC 7591.
KINDS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.WEB: _SIGNS_IN,
    Kind.SPA: _PUBLIC,
    Kind.NATIVE: {**_PUBLIC, "application_type": "native"},
    Kind.DEVICE: {
        "grant_types": [DeviceCode.name, "refresh_token"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    },
    Kind.MACHINE: {"grant_types": ["client_credentials"]},
}
