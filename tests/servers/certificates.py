"""Certificates for servers on this machine, and the authority that signs them.

They have what RFC 5280 demands of them (sections 4.2.1.1 to 4.2.1.3): Python 3.13 takes
no others.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
_LIFE = timedelta(days=36_500)
_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority that nobody knows but who is given its file.

    Attributes:
        file: Its own certificate, as ``ca_file`` settings take it.
    """

    file: Path
    _key: ec.EllipticCurvePrivateKey
    _certificate: x509.Certificate

    @classmethod
    def make(cls, folder: Path, name: str = "authority") -> Self:
        """Make one, with its file in a folder."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, _name(name), key.public_key(), _LIFE)
        constraint = x509.BasicConstraints(ca=True, path_length=0)
        builder = builder.add_extension(constraint, critical=True)
        builder = builder.add_extension(_SIGNS_CERTIFICATES, critical=True)
        certificate = builder.sign(key, hashes.SHA256())
        file = folder / f"{name}.pem"
        file.write_bytes(_pem(certificate))
        return cls(file, key, certificate)

    def certify(self, host: str, *, life: timedelta = _LIFE) -> Path:
        """Return a file with a certificate for a host or an address, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self._certificate.subject
        builder = _builder(host, issuer, key.public_key(), life)
        names = x509.SubjectAlternativeName([_alternative(host)])
        builder = builder.add_extension(names, critical=False)
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(
            self._key.public_key()
        )
        builder = builder.add_extension(signer, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        file = self.file.with_name(f"{host}-of-{self.file.name}")
        file.write_bytes(_pem(certificate) + _private(key))
        return file


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: timedelta
) -> x509.CertificateBuilder:
    serial = x509.random_serial_number()
    builder = x509.CertificateBuilder(issuer, _name(name), key, serial)
    builder = builder.not_valid_before(_BEGIN).not_valid_after(_BEGIN + life)
    own = x509.SubjectKeyIdentifier.from_public_key(key)
    return builder.add_extension(own, critical=False)


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
