"""What operators may say of connections, and what they are told where they may not."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from joserfc.jwk import ECKey
from pydantic import ValidationError

from app.core.jose import generate_key
from app.upstreams.kinds import KINDS
from tests.upstreams.simulator import pem

_PEM = pem(generate_key("ES256"))
_SHORT = rsa.generate_private_key(public_exponent=65_537, key_size=1_024).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)
_BASE: dict[str, dict[str, Any]] = {
    "oidc": {"issuer": "https://id.example.com", "client_id": "a"},
    "keycloak": {
        "url": "https://id.example.com/",
        "realm": "staff",
        "client_id": "a",
        "client_secret": "b",
    },
    "okta": {"domain": "example.okta.com", "client_id": "a", "client_secret": "b"},
    "auth0": {"domain": "example.auth0.com", "client_id": "a", "client_secret": "b"},
    "entra": {"tenant": "common", "client_id": "a", "client_secret": "b"},
    "github": {"client_id": "a", "client_secret": "b"},
    "gitlab": {"client_id": "a", "client_secret": "b"},
}


def _read(kind: str, **changed: Any) -> Any:
    given = {k: v for k, v in (_BASE[kind] | changed).items() if v is not ...}
    return KINDS[kind].settings.model_validate(given)


_WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("oidc", {}, "client_secret or private_key is required"),
    ("oidc", {"client_secret": "b", "private_key": _PEM}, "and not both"),
    (
        "oidc",
        {"client_secret": "b", "authentication": "private_key_jwt"},
        "does not go with",
    ),
    (
        "oidc",
        {"private_key": _PEM, "authentication": "client_secret_post"},
        "does not go with",
    ),
    ("oidc", {"client_secret": "b", "scopes": ["email"]}, "openid among them"),
    ("oidc", {"client_secret": "b", "scopes": ["openid", "a b"]}, "scopes"),
    ("oidc", {"client_secret": "b", "issuer": "ftp://id.example.com"}, "issuer"),
    ("oidc", {"client_secret": "b", "issuer": "https://a.example/?b"}, "issuer"),
    ("oidc", {"client_secret": "b", "issuer": "id.example.com"}, "issuer"),
    ("oidc", {"client_secret": "b", "claims": {}}, "Extra inputs"),
    ("oidc", {"client_secret": ""}, "client_secret"),
    ("oidc", {"private_key": "no key"}, "private key in PEM"),
    (
        "oidc",
        {"private_key": pem(ECKey.generate_key("P-384"))},
        "another curve",
    ),
    (
        "oidc",
        {"private_key": _SHORT.decode()},
        "2048 bits",
    ),
    ("entra", {"tenant": "example.com"}, "tenant"),
    ("entra", {"tenants": ["common"]}, "tenants"),
    ("entra", {"cloud": "evil.example"}, "cloud"),
    ("okta", {"domain": "https://example.okta.com"}, "domain"),
    ("okta", {"domain": "example.okta.com/evil"}, "domain"),
]


@pytest.mark.parametrize(("kind", "changed", "said"), _WRONG)
def test_settings_that_could_not_work(
    kind: str, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        _read(kind, **changed)

    assert said in str(caught.value)
    assert "PRIVATE" not in str(caught.value)


def test_a_private_key_with_a_passphrase_is_refused() -> None:
    locked = ECKey.generate_key("P-256").as_pem(private=True, password="secret")

    with pytest.raises(ValidationError, match="passphrase"):
        _read("oidc", private_key=locked.decode())


@pytest.mark.parametrize(
    ("kind", "changed", "called"),
    [
        ("oidc", {"client_secret": "b"}, {"issuer": "https://id.example.com"}),
        ("oidc", {"private_key": _PEM}, {"issuer": "https://id.example.com"}),
        ("keycloak", {}, {"url": "https://id.example.com/realms/staff"}),
        ("okta", {}, {"domain": "https://example.okta.com"}),
        ("auth0", {}, {"domain": "https://example.auth0.com/"}),
        ("entra", {}, {}),
        ("github", {}, {"url": "https://github.com"}),
        ("gitlab", {}, {"url": "https://gitlab.com"}),
    ],
)
def test_what_will_be_called_is_known_before(
    kind: str, changed: dict[str, Any], called: dict[str, str]
) -> None:
    assert _read(kind, **changed).called() == called


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_has_something_to_prove_itself_by(kind: Any) -> None:
    secrets = kind.settings.secrets()

    assert secrets and secrets <= {"client_secret", "private_key", "bind_password"}
    name = "bind_name" if secrets == {"bind_password"} else "client_id"
    assert name in kind.settings.model_fields
