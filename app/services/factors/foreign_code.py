"""Recovery codes that came with an import, tried until one is used (ADR-0024).

Their hashes cost time, so they are computed on the threads for that, without a
connection. One that is right moves to the form of this house, and is then spent as any
other is, by one guarded update.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.factors.recovery_code import stored_form
from app.models.recovery_code import RecoveryCode
from app.services.accounts.foreign_factor import SHA512
from app.services.accounts.password import PasswordService
from app.services.process.process import Process
from app.typed_text import trimmed

_BETWEEN = re.compile(r"[\s\-\u2010-\u2015]+")
_OURS = re.compile(r"[0-9a-f]{64}")
_MAX_TYPED = 128


def is_ours(code_hash: str) -> bool:
    """Tell whether it is a digest of this house, not the hash of another product."""
    return _OURS.fullmatch(code_hash) is not None


async def adopt(process: Process, user_id: UUID, answer: Any) -> None:
    """Make an imported code ours, if the answer is one; say nothing of it.

    Args:
        process: Its threads and limits.
        user_id: Whose codes.
        answer: As it was typed; the caller has counted the try.

    Raises:
        TooManyRequests: So much of that work was done for the account or network.
        HashingOverloaded: Too many hashes wait already.
    """
    if not isinstance(answer, str) or len(answer) > _MAX_TYPED:
        return
    async with process.unit_of_work(read_only=True) as uow:
        rows = await uow.recovery_codes.list_unused(user_id)
    foreign = [row for row in rows if not is_ours(row.code_hash)]
    found = await _found(process, foreign, answer) if foreign else None
    if found is None:
        return
    ours = stored_form(answer, user_id, process.secret_key.digest).hex()
    async with process.unit_of_work() as uow:
        await uow.recovery_codes.replace_hash(found.id, found.code_hash, ours)


async def _found(
    process: Process, rows: Sequence[RecoveryCode], answer: str
) -> RecoveryCode | None:
    spellings = _spellings(answer)
    digests = {
        SHA512 + hashlib.sha512(text.encode("utf-8", "replace")).hexdigest()
        for text in spellings
    }
    slow = [row for row in rows if not row.code_hash.startswith(SHA512)]
    for row in rows:
        if any(hmac.compare_digest(row.code_hash, digest) for digest in digests):
            return row
    passwords = PasswordService(process)
    for row in slow:
        for text in spellings[:2]:
            if (await passwords.verify(text, row.code_hash, row.user_id)).ok:
                return row
    return None


def _spellings(answer: str) -> list[str]:
    """Return what may have been hashed of a code: as typed, and without its groups."""
    typed = trimmed(answer)
    plain = _BETWEEN.sub("", typed)
    return list(dict.fromkeys((typed, plain, plain.upper(), plain.lower())))
