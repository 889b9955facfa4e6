"""Which stored keys are believed, with a token or without."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

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


async def test_who_changes_what_is_published_gets_nothing_published(
    make_runtime: Make,
) -> None:
    """The half that others verify with is the sealed one's, here and at a new start."""
    runtime, other = make_runtime(), make_runtime()
    service = SigningKeyService(runtime)
    await service.ensure()
    before = runtime.ring.jwks
    kid = runtime.ring.signing("ES256", runtime.clock.now()).kid
    planted = jose.public_jwk(jose.generate_key("ES256"), kid, "ES256")
    async with runtime.unit_of_work() as uow:
        row = update(SigningKey).where(SigningKey.kid == kid)
        await uow.db.execute(row.values(public_jwk=planted))

    for each in (service, SigningKeyService(other)):
        with pytest.raises(KeysUnreadable, match=kid):
            await each.load()
        async with runtime.unit_of_work(read_only=True) as uow:
            with pytest.raises(KeysUnreadable, match=kid):
                await each.list_published(uow)

    assert runtime.ring.jwks == before
    assert planted["x"].encode() not in before + other.ring.jwks
