"""What happens is counted here, with the words that labels may say (ADR-0090)."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from app.config import Settings, SettingsError
from app.core.clock import Clock
from app.core.context import RequestContext
from app.core.exceptions import AppError
from app.core.hashing_pool import Timed
from app.core.metrics.family import OTHER, Family
from app.core.metrics.registry import Registry
from app.events import EVENTS
from app.events.sign_in import Refusal, SecondStepDemanded, SignedIn, SignInFailed
from app.limit_settings import LimitSettings
from app.oauth.errors import OAuthError
from app.oauth.grants import GRANTS
from app.services.process import measures

METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())
FACTORS = frozenset("password email_code passkey registration upstream".split())
NO_ROUTE = "none"
_NO_SUCH_METHOD = 405
_REFUSALS = frozenset(str(each) for each in Refusal)
_PROVED: dict[str, str] = {
    Refusal.NO_PASSWORD: "password",
    Refusal.WRONG_PASSWORD: "password",
    Refusal.CONNECTION_LEADS: "password",
    Refusal.WRONG_CODE: "email_code",
    Refusal.WRONG_PASSKEY: "passkey",
    Refusal.WRONG_SECOND_FACTOR: "second_factor",
}
_ANY = "any"  # what refuses a sign-in whatever it was tried with
_DERIVED = ("_network", "_proven", "_wide")  # limits that others stand for
_EVENTS = frozenset(kind.name for kind in EVENTS)
_GRANTS = frozenset(grant.name for grant in GRANTS)
_LIMITS = frozenset(
    {*LimitSettings.model_fields, "challenge", "proof", "second_step_told"}
)


class Metrics:
    """The numbers of this process; one for all requests."""

    def __init__(self, folder: Path | None = None) -> None:
        """Begin.

        Args:
            folder: Where processes behind one port put theirs together.

        Raises:
            OSError: The folder of several processes cannot be used.
        """
        self._registry = Registry(measures.FAMILIES, folder)
        self.set = self._registry.set
        self.observe = self._registry.observe
        self.read = self._registry.read
        self.close = self._registry.close
        self._codes: dict[str, str] = {}
        self._told: dict[Family, float] = {}

    def request(
        self,
        context: RequestContext,
        method: str,
        route: str | None,
        status: int,
        seconds: float,
    ) -> None:
        """Count a request that was answered, and what happened in it.

        Args:
            context: What is known about it.
            method: As sent.
            route: The template of its route.
            status: Of the answer.
            seconds: How long it took.
        """
        # What a route has not is one word: a stranger who tries them all would fill
        # the block, and what is counted first after that would be counted nowhere.
        is_known = method in METHODS and status != _NO_SUCH_METHOD
        method = method if is_known else OTHER
        route = route or NO_ROUTE
        registry = self._registry
        registry.add(measures.REQUESTS, (method, route, str(status)))
        registry.observe(measures.REQUEST_SECONDS, (method, route), seconds)
        if context.grant_type is not None:
            self._token_request(context, status)
        if context.reason:
            registry.add(measures.REFUSALS, (self._code(context.reason),))
        for name, said in context.happened or ():
            self._event(name, said)

    def limited(self, limit: str) -> None:
        """Count a refusal by a limit."""
        for suffix in _DERIVED:
            limit = limit.removesuffix(suffix)
        known = limit if limit in _LIMITS else OTHER
        self._registry.add(measures.LIMITER_REFUSALS, (known,))

    def hashed(self, pool: str, waited: float, worked: float) -> None:
        """Count a hash: seconds until a thread took it up, and seconds there."""
        self._registry.observe(measures.HASH_WAIT_SECONDS, (pool,), waited)
        self._registry.observe(measures.HASH_SECONDS, (pool,), worked)

    def timed(self, pool: str, clock: Clock) -> Timed:
        """Return who is told how long the hashes of a pool take."""
        return Timed(clock.monotonic, partial(self.hashed, pool))

    def grow(self, family: Family, total: float) -> None:
        """Bring a counter to what somebody else counted in this process."""
        self._registry.add(family, (), total - self._told.get(family, 0.0))
        self._told[family] = total

    def _event(self, name: str, said: str) -> None:
        event = name if name in _EVENTS else OTHER
        self._registry.add(measures.EVENTS, (event,))
        if name == SignedIn.name:
            factor = said if said in FACTORS else OTHER
            self._registry.add(measures.SIGN_INS, (factor, "succeeded"))
        elif name == SecondStepDemanded.name:
            factor = said if said in FACTORS else OTHER
            self._registry.add(measures.SIGN_INS, (factor, "second_step_demanded"))
        elif name == SignInFailed.name:
            outcome = said if said in _REFUSALS else OTHER
            factor = _PROVED.get(outcome, _ANY)
            self._registry.add(measures.SIGN_INS, (factor, outcome))

    def _token_request(self, context: RequestContext, status: int) -> None:
        grant = context.grant_type if context.grant_type in _GRANTS else OTHER
        outcome = "issued" if status == 200 else self._code(context.reason)
        self._registry.add(measures.TOKEN_REQUESTS, (grant or OTHER, outcome))

    def _code(self, reason: str) -> str:
        """Return the code that a reason for the log begins with."""
        said = reason.partition(" ")[0]
        code = self._codes.get(said)
        if code is None:
            code = said if said in {*_codes(AppError), *_codes(OAuthError)} else OTHER
            if code is not OTHER:
                self._codes[said] = code
        return code


def _codes(kind: type[Any]) -> Iterator[str]:
    """Yield the codes of a refusal and all that are made from it."""
    code = kind.__dict__.get("code") or kind.__dict__.get("error")
    if isinstance(code, str):
        yield code
    for child in kind.__subclasses__():
        yield from _codes(child)


def build_metrics(settings: Settings) -> Metrics:
    """Return where this process counts.

    Raises:
        SettingsError: The folder of several processes cannot be used.
    """
    try:
        return Metrics(settings.metrics.directory)
    except OSError as error:
        raise SettingsError(
            f"AUTH_SERVE_METRICS__DIRECTORY cannot be used ({error.strerror}); it has "
            "to exist, and this user has to be allowed to write there"
        ) from error
