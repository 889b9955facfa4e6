"""What a cloud's KMS is like fits where keys live: slow, asynchronous, keys by name."""

import asyncio
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from app.core import jose
from app.core.signing.signer import MadeKey, Signer, SigningUnavailable
from app.services.server.runtime import Runtime
from app.services.server.signing_key import SigningKeyService
from tests.signing.test_token_keys import is_verified, signed
from tests.support.chance import FakeClock
from tests.support.job import Make

pytest_plugins = ["tests.support.job"]
_PLACE = "projects/" + "p" * 30 + "/locations/europe-west3/keyRings/" + "r" * 60


def _text(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()


class Kms:
    """Answers as clouds do: signatures in DER, after a while, or not at all."""

    name = "kms"

    def __init__(self) -> None:
        self.keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.at_once = self.most_at_once = 0
        self.is_away = False

    async def asked(self) -> None:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if self.is_away:
            raise SigningUnavailable("the KMS does not answer", retry_after=5)

    async def make(self, algorithm: str) -> MadeKey:
        await self.asked()
        reference = f"{_PLACE}/cryptoKeys/{len(self.keys)}/cryptoKeyVersions/1"
        key = self.keys[reference] = ec.generate_private_key(ec.SECP256R1())
        numbers = key.public_key().public_numbers()
        x, y = (_text(each) for each in (numbers.x, numbers.y))
        public = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        return MadeKey(jose.import_key(public), reference)

    def signer(self, key: Any, algorithm: str, reference: str | None) -> Signer:
        return KmsSigner(self, reference or "")

    async def destroy(self, reference: str) -> None:
        await self.asked()
        self.keys.pop(reference, None)

    async def check(self) -> None:
        await self.asked()

    async def close(self) -> None:
        """Hold nothing."""


class KmsSigner:
    """Signs with one key, by its name."""

    def __init__(self, kms: Kms, reference: str) -> None:
        self.kms, self.reference = kms, reference

    async def sign(self, message: bytes) -> bytes:
        await self.kms.asked()
        der = self.kms.keys[self.reference].sign(message, ec.ECDSA(SHA256()))
        return b"".join(each.to_bytes(32, "big") for each in decode_dss_signature(der))

    def demand(self) -> None:
        """Know nothing without asking."""

    async def check(self) -> None:
        await self.sign(b"")


def with_kms(make_runtime: Make, kms: Kms) -> Runtime:
    runtime = make_runtime(oauth={"id_token_algorithms": ["RS256"]})
    stores: Any = runtime.key_stores
    stores[kms.name] = kms
    return runtime


async def test_keys_of_a_kms_sign_are_published_and_are_destroyed(
    make_runtime: Make, clock: FakeClock
) -> None:
    kms = Kms()
    runtime = with_kms(make_runtime, kms)
    service = SigningKeyService(runtime)
    await service.ensure()

    await service.rotate("ES256", store="kms")
    clock.advance(days=2)
    await service.load()
    tokens = await asyncio.gather(*(signed(runtime, "ES256") for _ in range(20)))
    are_verified = [is_verified(runtime, each) for each in tokens]
    await service.rotate("ES256", store="database")
    clock.advance(days=2)
    await service.ensure()
    clock.advance(seconds=service.grace.total_seconds() + 1)
    await service.clean()

    assert all(are_verified) and kms.most_at_once == 20
    assert kms.keys == {}


async def test_a_kms_that_is_away_costs_its_signatures_alone(
    make_runtime: Make, clock: FakeClock
) -> None:
    kms = Kms()
    runtime = with_kms(make_runtime, kms)
    service = SigningKeyService(runtime)
    await service.ensure()
    await service.rotate("ES256", store="kms")
    clock.advance(days=2)
    await service.load()

    kms.is_away = True
    with pytest.raises(SigningUnavailable) as away:
        await signed(runtime, "ES256")
    with pytest.raises(SigningUnavailable):
        await service.rotate("ES256", store="kms")

    assert away.value.headers == {"Retry-After": "5"}
    assert is_verified(runtime, await signed(runtime, "RS256"))
