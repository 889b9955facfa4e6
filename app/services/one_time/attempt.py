"""Tries at typed codes: how many, and by whom (ADR-0030)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.core.context import current
from app.core.rate_limit import Charge, Verdict, subject_key
from app.core.secret_key import SecretKey
from app.models.one_time_token import OneTimeToken
from app.services.process.process import Process
from app.services.process.rate_limit import by_address
from app.utils.helpers import network_of

_TRIES = 5  # at one code from one network, or by whoever asked for it
_STRANGERS_TRIES = 25  # at one code from all networks that the account does not know
_ASKER = "asker"
_EVERYBODY = ""


def mark_of_asker(secret_key: SecretKey) -> str:
    """Return what recognises whoever asks now: the browser, or else the network."""
    context = current()
    return _mark(secret_key, context.browser or network_of(context.ip))


def _mark(secret_key: SecretKey, value: str) -> str:
    return secret_key.digest(b"asker", value.encode()).hex()[:32]


@dataclass(frozen=True, slots=True)
class CodeAttempt:
    """One try at the codes of a subject.

    Attributes:
        secret_key: Codes are digits of an HMAC under it.
        charge: What was counted; a rightful try gives it back.
        verdicts: Of the tries for the subject, by mark: this network's, this browser's
            if it is one, and everybody's.
        is_known: Whether the subject signed in from this network before.
        network: The mark of this network.
    """

    secret_key: SecretKey
    charge: Charge
    verdicts: Mapping[str, Verdict]
    is_known: bool
    network: str

    @property
    def limit(self) -> Verdict | None:
        """The limit that is reached: then every wrong code is refused by it."""
        verdicts = self.verdicts.values()
        return next((verdict for verdict in verdicts if not verdict.allowed), None)

    def try_at(self, tokens: Sequence[OneTimeToken], code: str) -> UUID | None:
        """Count a try at each code that it may still be tried at, and compare.

        Args:
            tokens: Of one subject, locked; what is counted is written into them.
            code: What was typed.

        Returns:
            The token that the code belongs to, if it may be used from here now.
        """
        mine = [token for token in tokens if self._may_try(token)]
        right = [token for token in mine if self._count(token, code)]
        passing = [token.id for token in right if self._may_pass(token)]
        return passing[0] if passing else None

    def _may_try(self, token: OneTimeToken) -> bool:
        """Tell whether a code that is bound to its browser is typed there."""
        return not token.data.get("is_bound") or self._is_askers(token)

    def _count(self, token: OneTimeToken, code: str) -> bool:
        """Count before anybody compares; False also when no try is left."""
        share = _ASKER if self._is_askers(token) else self.network
        tries = token.data.get("tries", {})
        if tries.get(share, 0) >= _TRIES:
            return False
        if share != _ASKER and not self.is_known:
            if token.attempts >= _STRANGERS_TRIES:
                return False
            token.attempts += 1
        token.data = token.data | {"tries": tries | {share: tries.get(share, 0) + 1}}
        return self.secret_key.code_matches(token.purpose, token.id, code)

    def _may_pass(self, token: OneTimeToken) -> bool:
        if self._is_askers(token) and self.verdicts[token.data["asked_by"]].allowed:
            return True
        has_share = self.is_known or self.verdicts[_EVERYBODY].allowed
        return has_share and self.verdicts[self.network].allowed

    def _is_askers(self, token: OneTimeToken) -> bool:
        asked_by = token.data.get("asked_by")  # none: made by the release before
        return asked_by != _EVERYBODY and asked_by in self.verdicts


class CodeAttemptService:
    """Counts tries by network, by whoever tries for a subject, and by subject."""

    def __init__(self, process: Process) -> None:
        """Count in the shared store; no transaction may be open (SQLite waits)."""
        self._process = process

    async def begin(self, subject: str) -> CodeAttempt:
        """Count a try.

        What is counted is the same whether the subject exists and wherever it signed
        in: a neighbour of the owner must not learn it from the limits.

        Raises:
            TooManyRequests: Too many from the network or its IPv6 site.
        """
        process, network = self._process, network_of(current().ip)
        limits, limiter = process.limits, process.limiter
        charge = await limiter.take(*by_address(limits.code_address))
        mark = _mark(process.secret_key, network)
        asker = mark_of_asker(process.secret_key)
        verdicts: dict[str, Verdict] = {}
        for share in dict.fromkeys((mark, asker, _EVERYBODY)):
            key = subject_key("code", f"{subject} {share}")
            counted, [verdicts[share]] = await limiter.count((limits.code_account, key))
            charge = charge.joined(counted)
        return CodeAttempt(
            secret_key=process.secret_key,
            charge=charge,
            verdicts=verdicts,
            is_known=await process.statements.knows_network(subject, network),
            network=mark,
        )
