"""Makers of authenticators, and metadata that tells of them (FIDO MDS3)."""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.factories.authenticator import AAGUID, encode

_MODEL = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")  # id-fido-gen-ce-aaguid
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


class Authority:
    """A root and a leaf that it signed, each with its key."""

    def __init__(self, name: str, model: UUID | None = None, days: int = 3_650) -> None:
        """Make both; a ``model`` is written into the leaf, which ends after days."""
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self.key = ec.generate_private_key(ec.SECP256R1())
        root_name = _name(name, "Root")
        self.root = _certificate(root_name, root_name, self._root_key, self._root_key)
        leaf_name = _name(name, "Authenticator Attestation")
        extension = [] if model is None else [_model(model)]
        self._name, self._extension = leaf_name, extension
        self.leaf = _certificate(
            leaf_name, root_name, self.key, self._root_key, extension, days
        )

    def statement(self, signed: bytes) -> dict[str, Any]:
        """Vouch for a passkey (section 8.2, packed)."""
        signature = self.key.sign(signed, ec.ECDSA(SHA256()))
        return {"alg": -7, "sig": signature, "x5c": [self.leaf]}

    def issued_by_an_authenticator(self, signed: bytes) -> dict[str, Any]:
        """Do the same with a certificate that the leaf's key signed, as if it might."""
        key = ec.generate_private_key(ec.SECP256R1())
        forged = _certificate(
            self._name, self._name, key, self.key, self._extension, ca=False
        )
        signature = key.sign(signed, ec.ECDSA(SHA256()))
        return {"alg": -7, "sig": signature, "x5c": [forged, self.leaf]}


@dataclass(frozen=True)
class Metadata:
    """The files that an operator names."""

    blob: Path
    root: Path


def metadata(
    folder: Path,
    maker: Authority,
    *,
    statuses: Sequence[dict[str, Any]] = ({"status": "FIDO_CERTIFIED_L1"},),
    model: UUID = AAGUID,
    signer: Authority | None = None,
) -> Metadata:
    """Write a BLOB with one model of a maker, signed by somebody, and their root."""
    alliance = Authority("Alliance")
    header = {"alg": "ES256", "x5c": [b64encode(alliance.leaf).decode()]}
    entry = {
        "aaguid": str(model),
        "statusReports": [{"effectiveDate": "2025-02-01", **each} for each in statuses],
        "timeOfLastStatusChange": "2025-02-01",
        "metadataStatement": _about(maker, model),
    }
    payload = {
        "legalHeader": "for tests",
        "no": 1,
        "nextUpdate": "2027-01-01",
        "entries": [entry],
    }
    signed = ".".join(encode(json.dumps(part).encode()) for part in (header, payload))
    der = (signer or alliance).key.sign(signed.encode(), ec.ECDSA(SHA256()))
    r, s = decode_dss_signature(der)
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    blob, root = folder / "blob.jwt", folder / "root.pem"
    blob.write_text(f"{signed}.{encode(signature)}\n")
    pem = x509.load_der_x509_certificate(alliance.root).public_bytes(Encoding.PEM)
    root.write_bytes(pem)
    return Metadata(blob, root)


def _about(maker: Authority, model: UUID) -> dict[str, Any]:
    return {
        "description": "A key of the tests",
        "aaguid": str(model),
        "authenticatorVersion": 1,
        "schema": 3,
        "upv": [{"major": 1, "minor": 0}],
        "attestationTypes": ["basic_full"],
        "userVerificationDetails": [[{"userVerificationMethod": "passcode_external"}]],
        "keyProtection": ["hardware"],
        "matcherProtection": ["on_chip"],
        "attachmentHint": ["external"],
        "tcDisplay": [],
        "attestationRootCertificates": [b64encode(maker.root).decode()],
    }


def _name(organization: str, unit: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "SE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{organization} {unit}"),
        ]
    )


def _model(model: UUID) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(_MODEL, b"\x04\x10" + model.bytes)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    extensions: Sequence[x509.ExtensionType] = (),
    days: int = 3_650,
    ca: bool | None = None,
) -> bytes:
    is_ca = subject == issuer if ca is None else ca
    constraints = x509.BasicConstraints(ca=is_ca, path_length=None)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_BEGIN + timedelta(days=days))
        .add_extension(constraints, critical=True)
    )
    for extension in extensions:
        made = made.add_extension(extension, critical=False)
    return made.sign(signer, SHA256()).public_bytes(Encoding.DER)
