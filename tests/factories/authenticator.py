"""An authenticator and its browser in software (WebAuthn Level 3), good or hostile."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from os import urandom
from typing import Any
from uuid import UUID

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

USER_PRESENT, USER_VERIFIED, BACKUP_ELIGIBLE, BACKED_UP = 0x01, 0x04, 0x08, 0x10
ATTESTED = 0x40
DEVICE = USER_PRESENT | USER_VERIFIED
CLOUD = DEVICE | BACKUP_ELIGIBLE | BACKED_UP
AAGUID = UUID("00112233-4455-6677-8899-aabbccddeeff")


def encode(raw: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return urlsafe_b64decode(text + "==")


@dataclass
class Passkey:
    """One credential with its private key.

    Attributes:
        credential_id: As the relying party knows it.
        private_key: Of P-256, Ed25519 or RSA.
        rp_id: Whom it is for.
        user_handle: Whose it is, as the relying party said.
        flags: Of the authenticator data.
        sign_count: That of the last signature; ``step`` is what each adds.
        step: What each signature adds; synced ones often stay at zero.
    """

    credential_id: bytes
    private_key: Any
    rp_id: str
    user_handle: bytes
    flags: int = DEVICE
    sign_count: int = 0
    step: int = 1

    @property
    def public_key(self) -> bytes:
        """The key in COSE (RFC 9052 section 7)."""
        return cbor2.dumps(_cose(self.private_key))

    def answer(
        self,
        options: Mapping[str, Any],
        origin: str,
        *,
        client_data: Mapping[str, Any] | None = None,
        response: Mapping[str, Any] | None = None,
        **changed: Any,
    ) -> dict[str, Any]:
        """Answer request options, as ``navigator.credentials.get`` would.

        Args:
            options: In JSON.
            origin: Where the page is.
            client_data: Members to change; None takes one away.
            response: Members of the answer's ``response`` to change.
            **changed: ``rp_id``, ``flags``, ``sign_count`` or ``credential_id`` that
                are not as they should be.
        """
        self.sign_count += self.step
        collected = _client_data("webauthn.get", options, origin, client_data)
        data = self._data(**changed)
        signature = _sign(self.private_key, data + sha256(collected).digest())
        told = {
            "clientDataJSON": encode(collected),
            "authenticatorData": encode(data),
            "signature": encode(signature),
            "userHandle": encode(self.user_handle),
        }
        credential_id = changed.get("credential_id", self.credential_id)
        return _credential(credential_id, {**told, **(response or {})})

    def _data(self, **changed: Any) -> bytes:
        rp_id = changed.get("rp_id", self.rp_id)
        flags = changed.get("flags", self.flags)
        count = changed.get("sign_count", self.sign_count)
        head = sha256(rp_id.encode()).digest() + bytes([flags])
        return head + int(count).to_bytes(4, "big")


@dataclass
class Authenticator:
    """Makes passkeys in a browser at an origin, and answers with them.

    Attributes:
        origin: Where the page is.
        algorithm: Which key it makes, in COSE.
        flags: Of what it makes.
        passkeys: What it holds.
    """

    origin: str
    algorithm: int = -7
    flags: int = DEVICE
    step: int = 1
    passkeys: list[Passkey] = field(default_factory=list)

    def create(
        self,
        options: Mapping[str, Any],
        *,
        client_data: Mapping[str, Any] | None = None,
        response: Mapping[str, Any] | None = None,
        **changed: Any,
    ) -> dict[str, Any]:
        """Answer creation options, as ``navigator.credentials.create`` would.

        Args:
            options: In JSON.
            client_data: Members to change; None takes one away.
            response: Members of the answer's ``response`` to change.
            **changed: ``rp_id``, ``flags``, ``credential_id``, ``told_id``,
                ``public_key`` (COSE), ``fmt`` or ``statement`` that are not as they
                should be; a statement may be a function of what is signed.
        """
        made = self._make(options, changed.get("credential_id"))
        collected = _client_data(
            "webauthn.create", options, changed.get("origin", self.origin), client_data
        )
        data = self._attested(made, **changed)
        attestation = {
            "fmt": changed.get("fmt", "none"),
            "attStmt": changed.get("statement", {}),
            "authData": data,
        }
        signed = data + sha256(collected).digest()
        if callable(attestation["attStmt"]):  # its maker vouches for it
            attestation["attStmt"] = attestation["attStmt"](signed)
        if attestation["attStmt"] == "self":
            signature = _sign(made.private_key, signed)
            attestation["attStmt"] = {"alg": self.algorithm, "sig": signature}
        told = {
            "clientDataJSON": encode(collected),
            "attestationObject": encode(cbor2.dumps(attestation)),
            "transports": ["internal", "hybrid"],
        }
        told_id = changed.get("told_id", made.credential_id)
        return _credential(told_id, {**told, **(response or {})})

    def get(self, options: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
        """Answer request options with the last passkey that they allow."""
        allowed = {decode(each["id"]) for each in options.get("allowCredentials", ())}
        found = [p for p in self.passkeys if not allowed or p.credential_id in allowed]
        return found[-1].answer(options, changed.pop("origin", self.origin), **changed)

    def _make(self, options: Mapping[str, Any], wanted: bytes | None) -> Passkey:
        made = Passkey(
            credential_id=wanted or urandom(32),
            private_key=_private_key(self.algorithm),
            rp_id=options["rp"]["id"],
            user_handle=decode(options["user"]["id"]),
            flags=self.flags,
            step=self.step,
        )
        self.passkeys.append(made)
        return made

    def _attested(self, made: Passkey, **changed: Any) -> bytes:
        flags = changed.get("flags", self.flags) | changed.get("attested", ATTESTED)
        credential_id = made.credential_id
        public_key: bytes = changed.get("public_key", made.public_key)
        data = made._data(**{**changed, "flags": flags})
        if not flags & ATTESTED:
            return data
        length = len(credential_id).to_bytes(2, "big")
        return data + AAGUID.bytes + length + credential_id + public_key


def _private_key(algorithm: int) -> Any:
    if algorithm == -8:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == -257:
        return rsa.generate_private_key(65_537, 2_048)
    return ec.generate_private_key(ec.SECP256R1())


def _cose(private_key: Any) -> dict[int, Any]:
    public = private_key.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
    numbers = public.public_numbers()
    if isinstance(public, rsa.RSAPublicKey):
        n, e = numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")
        return {1: 3, 3: -257, -1: n, -2: e}
    x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
    return {1: 2, 3: -7, -1: 1, -2: x, -3: y}


def _sign(private_key: Any, signed: bytes) -> bytes:
    how: tuple[Any, ...] = ()
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        how = (ec.ECDSA(SHA256()),)
    elif isinstance(private_key, rsa.RSAPrivateKey):
        how = (padding.PKCS1v15(), SHA256())
    signature: bytes = private_key.sign(signed, *how)
    return signature


def _client_data(
    kind: str,
    options: Mapping[str, Any],
    origin: str,
    changed: Mapping[str, Any] | None,
) -> bytes:
    """Return the collected client data (section 5.8.1)."""
    collected = {
        "type": kind,
        "challenge": options["challenge"],
        "origin": origin,
        "crossOrigin": False,
        **(changed or {}),
    }
    kept = {name: value for name, value in collected.items() if value is not None}
    return json.dumps(kept, separators=(",", ":")).encode()


def _credential(credential_id: bytes, response: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": encode(credential_id),
        "rawId": encode(credential_id),
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "response": response,
    }
