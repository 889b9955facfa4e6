"""What other products export, turned into one string that `SCHEMES` can verify.

PBKDF2 computes its output block by block, each from the start, so the first block of a
longer digest is the digest that passlib expects: what is beyond it is dropped.

Devise: its bcrypt hashes are imported as they are. Where the application had a pepper
(``config.pepper``), it becomes AUTH_SERVE_PASSWORD__DEVISE_PEPPER; it stays a setting,
for a pepper stored beside the hashes would protect nothing.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from app.core.password_schemes.base import b64

FIREBASE_PARAMETERS = (
    "base64_signer_key",
    "base64_salt_separator",
    "rounds",
    "mem_cost",
)
_KEYCLOAK_PBKDF2 = {  # its name: passlib's identifier, digest bytes
    "pbkdf2": ("pbkdf2", 20),
    "pbkdf2-sha256": ("pbkdf2-sha256", 32),
    "pbkdf2-sha512": ("pbkdf2-sha512", 64),
}
_ARGON2_VERSIONS = {"1.0": 0x10, "1.3": 0x13}
_ASPNET_V2_BYTES = 1 + 16 + 32


def from_keycloak(credential: Mapping[str, Any]) -> str:
    """Convert a password credential of a realm export.

    Args:
        credential: An entry of ``credentials`` with ``secretData`` and
            ``credentialData``, both JSON, as text or parsed.

    Raises:
        ValueError: It is malformed, or of an algorithm that is not known.
    """
    try:
        how = _json(credential["credentialData"])
        secret = _json(credential["secretData"])
        digest, salt = b64(secret["value"]), b64(secret["salt"])
        if how["algorithm"] == "argon2":
            return _keycloak_argon2(how, salt, digest)
        name, length = _KEYCLOAK_PBKDF2[how["algorithm"]]
        return pbkdf2_string(name, int(how["hashIterations"]), salt, digest, length)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError("not a Keycloak password credential") from error


def from_aspnet_identity_v2(exported: str) -> str:
    """Convert a hash of ASP.NET Identity 2 (0x00, salt, 32 bytes of PBKDF2-SHA1).

    Version 3 needs no conversion.

    Raises:
        ValueError: It is none.
    """
    raw = b64(exported)
    if raw[:1] != b"\x00" or len(raw) != _ASPNET_V2_BYTES:
        raise ValueError("not a hash of ASP.NET Identity 2")
    return pbkdf2_string("pbkdf2", 1000, raw[1:17], raw[17:], 20)


def from_aspnet_identity(exported: str) -> str:
    """Convert a hash of either version; those of version 3 stay as they are.

    Raises:
        ValueError: It is none of version 2 where its first byte says so.
    """
    is_v2 = b64(exported)[:1] == b"\x00"
    return from_aspnet_identity_v2(exported) if is_v2 else exported


def from_firebase(
    password_hash: str, salt: str, *, parameters: Mapping[str, Any]
) -> str:
    """Convert an account of ``firebase auth:export``.

    Args:
        password_hash: ``passwordHash``, base64 of either alphabet.
        salt: ``salt``, the same.
        parameters: The project's "password hash parameters", under their own names:
            ``base64_signer_key``, ``base64_salt_separator``, ``rounds``, ``mem_cost``.

    Raises:
        ValueError: A parameter is missing or no number.
    """
    try:
        signer_key = parameters["base64_signer_key"]
        separator = parameters["base64_salt_separator"]
        rounds, mem_cost = int(parameters["rounds"]), int(parameters["mem_cost"])
    except (KeyError, TypeError) as error:
        raise ValueError("not the password hash parameters of a project") from error
    separator, signer_key, salt, digest = map(
        _standard, (separator, signer_key, salt, password_hash)
    )
    costs = f"v=1,n={mem_cost},r={rounds},p=1,ss={separator},sk={signer_key}"
    return f"$fbscrypt${costs}${salt}${digest}"


def pbkdf2_string(
    name: str, rounds: int, salt: bytes, digest: bytes, length: int
) -> str:
    """Write passlib's form, ``$name$rounds$salt$digest``; ``length`` bytes are kept.

    Raises:
        ValueError: The digest is shorter than that.
    """
    if len(digest) < length:
        raise ValueError("the PBKDF2 digest is shorter than its hash function's")
    return f"${name}${rounds}${_ab64(salt)}${_ab64(digest[:length])}"


def _keycloak_argon2(how: Mapping[str, Any], salt: bytes, digest: bytes) -> str:
    """Write a PHC string; Keycloak keeps each parameter as a list of one string."""
    more = {key: value[0] for key, value in how["additionalParameters"].items()}
    version = _ARGON2_VERSIONS[more["version"]]
    costs = (
        f"m={int(more['memory'])},t={int(how['hashIterations'])}"
        f",p={int(more['parallelism'])}"
    )
    b64s = [base64.b64encode(raw).decode().rstrip("=") for raw in (salt, digest)]
    return f"$argon2{more['type']}$v={version}${costs}${b64s[0]}${b64s[1]}"


def _json(value: Any) -> Mapping[str, Any]:
    """Return parsed JSON, which exports hold as text."""
    parsed: Mapping[str, Any] = json.loads(value) if isinstance(value, str) else value
    return parsed


def _standard(text: str) -> str:
    """Return standard base64 with padding from either alphabet."""
    text = text.replace("-", "+").replace("_", "/").rstrip("=")
    return text + "=" * (-len(text) % 4)


def _ab64(raw: bytes) -> str:
    """Return passlib's base64: dots for plus signs, no padding."""
    return base64.b64encode(raw).decode().rstrip("=").replace("+", ".")
