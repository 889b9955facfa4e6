"""Which stored keys are believed, with a token or without."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from app.core import jose
from app.models import SigningKey
from app.services.server.signing_key import KeysUnreadable, SigningKeyService
from tests.support.job import Make

pytest_plugins = ["tests.support.job"]


@pytest.mark.parametrize("store", ["database", "pkcs11"])
async def test_who_writes_the_database_alone_adds_no_key_that_is_believed(
    make_runtime: Make, store: str
) -> None:
    """Wherever a key claims to live: nothing vouches for it but the secret key."""
    runtime = make_runtime(token={"algorithm": "ES256"})
    await SigningKeyService(runtime).ensure()
    key = jose.generate_key("ES256")
    kid, now = key.thumbprint(), runtime.clock.now()
    async with runtime.unit_of_work() as uow:
        known = await uow.signing_keys.latest()
        assert known is not None
        forged = {
            "kid": kid,
            "algorithm": "ES256",
            "sequence": known.sequence + 1,
            "public_jwk": jose.public_jwk(key, kid, "ES256"),
            "private_key": known.private_key,
            "store": store,
            "reference": "00",
            "created_at": now,
            "activates_at": now + timedelta(hours=1),
        }
        await uow.db.execute(insert(SigningKey), forged)

    with pytest.raises(KeysUnreadable):
        await SigningKeyService(runtime).load()
    assert runtime.ring.by_kid(kid, now) is None
