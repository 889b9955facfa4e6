"""Attestation: which models of authenticators are taken (WebAuthn Level 3 section 6.5).

Any is, unless an operator names a metadata BLOB of the FIDO Alliance (MDS3, ADR-0059):
a new passkey then comes from a model in it, whose maker's certificate vouches for it,
and of which nothing bad is known. Passkeys that are synced have none to vouch for them.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.factors.base import FactorRefused

if TYPE_CHECKING:
    from fido2.mds3 import MdsAttestationVerifier

# What the Alliance says of models that should not be trusted (MDS3 section 3.1.4).
_BAD = frozenset(
    "USER_VERIFICATION_BYPASS USER_KEY_REMOTE_COMPROMISE USER_KEY_PHYSICAL_COMPROMISE "
    "REVOKED".split()
)
_COMPROMISED = "ATTESTATION_KEY_COMPROMISE"


class ModelRefused(FactorRefused):
    """It may be a good passkey, of a model that is not taken here."""


@dataclass(frozen=True, slots=True)
class AttestationPolicy:
    """Which models are taken.

    Attributes:
        metadata: File of the BLOB: a JWS whose payload lists models.
        root: File of the certificate (PEM) that the BLOB's signature leads to.
        models: AAGUIDs of those that are taken; none means every model of the BLOB.
    """

    metadata: Path
    root: Path
    models: tuple[UUID, ...] = ()

    def load(self) -> None:
        """Read the BLOB, once a process; it takes seconds, so not on the event loop.

        Raises:
            ValueError: A file cannot be read, or the signature is not of that root.
            OSError: A file is not there.
        """
        _verifier(self.metadata, self.root)

    def check(self, attestation: bytes, client_data: bytes, now: datetime) -> None:
        """Judge where a new passkey says that it comes from.

        Args:
            attestation: The attestation object, in CBOR.
            client_data: What the browser signed for, in JSON.
            now: The present instant.

        Raises:
            ModelRefused: Nobody known vouches for it, or its model is not taken.
        """
        from fido2.webauthn import AttestationObject

        made = AttestationObject(attestation)
        if made.fmt == "none" or not made.att_stmt.get("x5c"):
            raise ModelRefused("no maker vouches for it")
        _check_path(made.att_stmt["x5c"], now)
        verifier = _verifier(self.metadata, self.root)
        entry = verifier.find_entry(made, sha256(client_data).digest())
        if entry is None:
            raise ModelRefused("its model is not in the metadata, or revoked there")
        credential = made.auth_data.credential_data
        model = UUID(bytes=bytes(credential.aaguid)) if credential else None
        if self.models and model not in self.models:
            raise ModelRefused(f"the model {model} is not one of those that are taken")


def _check_path(path: Sequence[bytes], now: datetime) -> None:
    """Refuse certificates that may not vouch for one another (RFC 5280 section 6.1).

    The library looks at signatures alone, and every authenticator has a key that signs.

    Raises:
        ModelRefused: One is over, out of order, or of nobody who may issue others.
    """
    from cryptography import x509

    certificates = [x509.load_der_x509_certificate(each) for each in path]
    for below, above in pairwise(certificates):
        if below.issuer != above.subject:
            raise ModelRefused("its certificates are no chain")
    for depth, each in enumerate(certificates[1:]):
        rights = each.extensions.get_extension_for_class(x509.BasicConstraints).value
        is_deep = rights.path_length is not None and rights.path_length < depth
        if not rights.ca or is_deep:
            raise ModelRefused("its certificate was issued by nobody who may")
    for each in certificates:
        if not each.not_valid_before_utc <= now <= each.not_valid_after_utc:
            raise ModelRefused("a certificate of its maker is over")


@lru_cache(maxsize=1)
def _verifier(metadata: Path, root: Path) -> "MdsAttestationVerifier":
    # Here: nobody without such a policy needs the library.
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from fido2.mds3 import MdsAttestationVerifier, parse_blob

    certificate = x509.load_pem_x509_certificate(root.read_bytes())
    trusted = certificate.public_bytes(Encoding.DER)
    signed = metadata.read_bytes().strip()
    try:
        blob = parse_blob(_readable(signed), trusted)
    except Exception as error:  # whatever is wrong, in the library's many words
        raise ValueError(f"{type(error).__name__}: {error}"[:200]) from error
    return MdsAttestationVerifier(
        blob, entry_filter=_is_good, attestation_filter=_is_uncompromised
    )


def _readable(blob: bytes) -> bytes:
    """Return a BLOB whose signature the library can check.

    It takes signatures of ECDSA in DER, as authenticators write them; in a JWS they are
    two numbers side by side (RFC 7518 section 3.4).
    """
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    signed, _, signature = blob.rpartition(b".")
    header = json.loads(_decode(signed.partition(b".")[0]))
    if not header["alg"].startswith("ES"):
        return blob
    raw = _decode(signature)
    half = len(raw) // 2
    numbers = (int.from_bytes(part, "big") for part in (raw[:half], raw[half:]))
    der = urlsafe_b64encode(encode_dss_signature(*numbers)).rstrip(b"=")
    return signed + b"." + der


def _decode(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def _is_good(entry: Any) -> bool:
    return _BAD.isdisjoint(str(each.status) for each in entry.status_reports)


def _is_uncompromised(entry: Any, chain: Any) -> bool:
    """Tell whether the keys that vouch for it are their maker's alone."""
    for each in entry.status_reports:
        if str(each.status) == _COMPROMISED:
            named = {each.certificate, each.batch_certificate} - {None}
            if not named or not named.isdisjoint(chain):
                return False
    return True
