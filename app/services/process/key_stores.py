"""Keys made in stores and destroyed there, and what signs with those that there are."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

from joserfc.jwk import Key

from app.core.exceptions import FieldError, Unavailable, Unprocessable
from app.core.signing.signer import AbsentSigner, KeyStore, MadeKey, Signer
from app.models.signing_key import SigningKey
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process

_log = logging.getLogger("auth_serve.key_stores")


def store_named(process: Process, name: str | None) -> KeyStore:
    """Return a store; without a name the one where the settings want new keys.

    Raises:
        Unprocessable: This process knows none of this name.
    """
    name = name or process.settings.token.key_store
    if name not in process.key_stores:
        offer = f"must be one of {', '.join(process.key_stores)}"
        raise Unprocessable([FieldError("store", "unknown_store", offer)])
    return process.key_stores[name]


def signer_of(process: Process, row: SigningKey, key: Key) -> Signer:
    """Return what signs with a stored key; without its store, what refuses to."""
    store = process.key_stores.get(row.store)
    if store is None:
        return AbsentSigner(row.kid, row.store)
    return store.signer(key, row.algorithm, row.reference)


async def make_keys(
    algorithms: Sequence[str], store: KeyStore
) -> Mapping[str, MadeKey]:
    """Return new keys by algorithm, made at the same time.

    Raises:
        SigningUnavailable: The store makes not all of them; those that came are
            destroyed again.
    """
    came = await asyncio.gather(
        *(store.make(name) for name in algorithms), return_exceptions=True
    )
    found = dict(zip(algorithms, came, strict=True))
    made = {name: each for name, each in found.items() if isinstance(each, MadeKey)}
    for each in came:
        if isinstance(each, BaseException):
            await discard(made, store, ())
            raise each
    return made


async def discard(
    made: Mapping[str, MadeKey], store: KeyStore, stored: Collection[str]
) -> None:
    """Destroy the keys that were not stored: another process was first."""
    for each in made.values():
        if each.reference is None or each.key.thumbprint() in stored:
            continue
        try:
            await store.destroy(each.reference)
        except Unavailable:
            about = {"store": store.name, "reference": each.reference}
            _log.warning("a key that nobody uses is left", extra=about)


@asynccontextmanager
async def storing(
    process: Process, made: Mapping[str, MadeKey], store: KeyStore
) -> AsyncIterator[tuple[UnitOfWork, set[str]]]:
    """Lend a transaction and a set for the ids of the keys that it stores.

    Behind it the others are destroyed; all of them where it came to nothing. Only
    where its end is not known, since the database was lost while committing, or
    nobody waits for it, each is left where it is: it may be what signs next.
    """
    stored: set[str] = set()
    is_known, failed = True, None
    try:
        async with process.unit_of_work() as uow:
            yield uow, stored
            is_known = False
    except Exception as error:
        failed = error
    except BaseException:  # cancelled
        _tell_left(made)
        raise
    if failed is None or is_known:
        await discard(made, store, stored if failed is None else ())
    else:
        _tell_left(made)
    if failed is not None:
        raise failed


def _tell_left(made: Mapping[str, MadeKey]) -> None:
    references = [each.reference for each in made.values() if each.reference]
    if references:
        _log.warning("keys may be left", extra={"references": references})


async def is_destroyed(process: Process, row: SigningKey) -> bool:
    """Destroy a key where it lives; tell whether that could be done."""
    store = process.key_stores.get(row.store)
    if store is None or row.reference is None:
        return False
    try:
        await store.destroy(row.reference)
    except Unavailable:
        return False
    return True
