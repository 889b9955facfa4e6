"""For every factor, authenticators of two accounts and what proves each of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.core.secret_key import SecretKey
from app.factors.base import Ceremony, Enrolled
from app.factors.passkey import request_options
from app.factors.recovery_code import code_of, stored_form
from app.factors.totp import TotpKey
from tests.support.passkey import CEREMONY, ORIGIN, registered

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
DIGEST = SecretKey("tests-only-0123456789-abcdefghijklmnopqrstuvwxyz").digest


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One account that can prove a factor.

    Attributes:
        enrolled: What is stored of it.
        answer: What proves it, once.
        wrong: What its owner could send by mistake.
        ceremony: Whose factors these are, and when.
    """

    enrolled: tuple[Enrolled, ...]
    answer: Any
    wrong: tuple[Any, ...]
    ceremony: Ceremony


def _ceremony(account: int) -> Ceremony:
    return Ceremony(now=NOW, user_id=UUID(int=account), digest=DIGEST)


def _passkey(_account: int) -> Sample:
    owner, had = registered()
    stranger, _ = registered()
    asked = request_options(CEREMONY, [had])
    wrong = (
        owner.get(asked, origin="https://id.example.net"),
        stranger.passkeys[0].answer(asked, ORIGIN),
    )
    answer = owner.get(asked)
    return Sample(enrolled=(had,), answer=answer, wrong=wrong, ceremony=CEREMONY)


def _totp(account: int) -> Sample:
    key = TotpKey(secret=bytes([account]) * 20)
    step = key.step_at(NOW)
    code = key.code_at(step)
    data = {"algorithm": key.algorithm, "digits": key.digits, "period": key.period}
    return Sample(
        enrolled=(Enrolled(id=UUID(int=account), secret=key.secret, data=data),),
        answer=code,
        wrong=(code[:-1], code + "0", key.code_at(step - 2), key.code_at(step + 2)),
        ceremony=_ceremony(account),
    )


def _recovery_code(account: int) -> Sample:
    ceremony = _ceremony(account)
    codes = [code_of(bytes([account, n]) + bytes(13)) for n in range(3)]
    enrolled = tuple(
        Enrolled(id=UUID(int=n), secret=stored_form(code, ceremony.user_id, DIGEST))
        for n, code in enumerate(codes)
    )
    wrong = (codes[1][:-1], codes[1] + "0", code_of(bytes(15)))
    return Sample(enrolled=enrolled, answer=codes[1], wrong=wrong, ceremony=ceremony)


# By name of the factor: of an account by its number, from 1.
SAMPLES: dict[str, Callable[[int], Sample]] = {
    "passkey": _passkey,
    "totp": _totp,
    "recovery_code": _recovery_code,
}
