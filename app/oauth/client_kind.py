"""What an application is, in the words of those who write it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Where an application runs, and for whom it acts."""

    WEB = "web"
    SPA = "spa"
    NATIVE = "native"
    MACHINE = "machine"


_SIGNS_IN = {"grant_types": ["authorization_code", "refresh_token"]}
_PUBLIC = {**_SIGNS_IN, "token_endpoint_auth_method": "none"}
# What follows from it, as members of RFC 7591.
KINDS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.WEB: _SIGNS_IN,
    Kind.SPA: _PUBLIC,
    Kind.NATIVE: {**_PUBLIC, "application_type": "native"},
    Kind.MACHINE: {"grant_types": ["client_credentials"]},
}
