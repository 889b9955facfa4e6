"""How this service proves to the other side which client it is (OIDC Core §9)."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from urllib.parse import quote_plus

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import Key
from pydantic import SecretStr

from app.core import jose
from app.upstreams.protocol import Surroundings

Method = Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_TTL = timedelta(minutes=1)
_MIN_RSA_BITS = 2_048


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key of this service's, and what it signs with."""

    key: Key = field(repr=False)
    algorithm: str
    kid: str


def read_signing_key(pem: str, kid: str | None = None) -> SigningKey:
    """Return a private key.

    Args:
        pem: PKCS #8, or the older forms of RSA and EC, without a passphrase.
        kid: What the other side calls it; None is its thumbprint (RFC 7638).

    Raises:
        ValueError: It is none of P-256, Ed25519, or RSA of at least 2048 bits.
    """
    try:
        private = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:  # TypeError: a passphrase is needed
        raise ValueError("is no private key in PEM, or has a passphrase") from error
    if isinstance(private, EllipticCurvePrivateKey):
        if not isinstance(private.curve, SECP256R1):
            raise ValueError("is on another curve than P-256")
        algorithm = "ES256"
    elif isinstance(private, Ed25519PrivateKey):
        algorithm = "EdDSA"
    elif isinstance(private, RSAPrivateKey) and private.key_size >= _MIN_RSA_BITS:
        algorithm = "RS256"
    else:
        raise ValueError("is no key of P-256, Ed25519, or RSA of 2048 bits or more")
    key = jose.import_private(private, algorithm)
    return SigningKey(key, algorithm, kid or key.thumbprint())


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """The client that this service is there.

    Attributes:
        method: None takes what the other side's metadata offers.
        key: For ``private_key_jwt``.
        audience: Of assertions; None is the endpoint that they are sent to.
    """

    client_id: str
    secret: SecretStr | None = None
    key: SigningKey | None = None
    method: Method | None = None
    audience: str | None = None

    def prove(
        self, endpoint: str, offered: tuple[str, ...], world: Surroundings
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Return the header fields and the form members that prove it.

        Args:
            endpoint: Where they are sent.
            offered: Methods that the other side knows.
            world: Time and chance.
        """
        if self.key is not None:
            return {}, self._assertion(self.key, endpoint, world)
        secret = self.secret.get_secret_value() if self.secret else ""
        method = self.method or _choose(offered)
        if method == "client_secret_post":
            return {}, {"client_id": self.client_id, "client_secret": secret}
        # RFC 6749 §2.3.1: both are written as in a form before they are joined.
        pair = f"{quote_plus(self.client_id)}:{quote_plus(secret)}"
        written = b64encode(pair.encode()).decode()
        return {"Authorization": f"Basic {written}"}, {}

    def _assertion(
        self, key: SigningKey, endpoint: str, world: Surroundings
    ) -> dict[str, str]:
        """Return an assertion that counts once (RFC 7523 §2.2 and §3)."""
        now = world.clock.now()
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.audience or endpoint,
            "jti": world.randomness.token(),
            "iat": int(now.timestamp()),
            "exp": int((now + _ASSERTION_TTL).timestamp()),
        }
        signed = sign(claims, key)
        return {
            "client_id": self.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": signed,
        }


def sign(claims: Mapping[str, object], key: SigningKey) -> str:
    """Return a JWT by a key of this service's."""
    message = jose.signing_input(
        claims, kid=key.kid, algorithm=key.algorithm, typ="JWT"
    )
    return jose.compact(message, jose.signature(message, key.key, key.algorithm))


def _choose(offered: tuple[str, ...]) -> str:
    if "client_secret_basic" in offered or "client_secret_post" not in offered:
        return "client_secret_basic"  # the default of OIDC Core §9
    return "client_secret_post"
