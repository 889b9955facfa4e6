"""Refusals that several services of factors make."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.core.exceptions import BadRequest, Conflict, Forbidden, NotFound
from app.core.language import gettext
from app.core.language.words import spoken_instant
from app.models.user import User


class FactorsFrozen(Forbidden):
    """Somebody said "this wasn't me"; until it is cleared up, nothing changes hands."""

    code = "factors_frozen"
    title = "Ways to sign in cannot be changed for now; look into your mail"

    def __init__(self, until: datetime) -> None:
        """Say when it ends by itself."""
        super().__init__(hint=f"until {until.isoformat()}")
        self.until = until

    @property
    def detail(self) -> str:
        """Until when; only who proved a factor of the account comes this far."""
        said = gettext("Look into your mail. This ends on %(day)s.")
        return said % {"day": spoken_instant(self.until)}

    @property
    def members(self) -> Mapping[str, Any]:
        """The same for a program."""
        return {"frozen_until": f"{self.until:%Y-%m-%dT%H:%M:%SZ}"}


class AddressNotConfirmed(Forbidden):
    """Anybody may have registered the account; its factors would be theirs."""

    code = "address_not_confirmed"
    title = "Confirm your email address first; then set up how you sign in"


class SecondFactorExists(Conflict):
    """A first one is set up within a sign-in only where the account has none."""

    code = "second_factor_exists"
    title = "The account has a second factor; go on with that one"


class FactorRecoveryUnavailable(Forbidden):
    """What was proven is too little to ever take the other factors away."""

    code = "factor_recovery_unavailable"
    title = "An administrator has to take the lost factors of this account away"


class PasswordNotProven(FactorRecoveryUnavailable):
    """A code by mail proves the mailbox alone, and so will the link."""

    title = "Start over and sign in with your password; then you can ask for this"


class MailboxNotProven(FactorRecoveryUnavailable):
    """Nobody may read the mails that would announce it."""

    title = "Confirm your email address first; then you can ask for this"


class FactorNotFound(NotFound):
    """The account has no such factor."""

    code = "factor_not_found"
    title = "The account has no such factor"


class NoSecondFactor(Conflict):
    """Recovery codes stand in for a factor, so there has to be one."""

    code = "no_second_factor"
    title = "Add a passkey or an authenticator app first"


class RefusedPasskey(BadRequest):
    """What the browser answered is no passkey for us; the log says why."""

    code = "refused_passkey"
    title = "This passkey cannot be added; begin again"


class RefusedModel(RefusedPasskey):
    """A passkey, but of a model that the operator does not take."""

    code = "authenticator_not_accepted"
    title = "Passkeys of this kind are not accepted here; use a security key that is"


class TooManyPasskeys(Conflict):
    """The account has as many as it may."""

    code = "too_many_passkeys"
    title = "The account has as many passkeys as it may; remove one first"


def demand_unfrozen(user: User, now: datetime) -> None:
    """Refuse to change the factors of an account that somebody is looking into.

    Raises:
        FactorsFrozen: It is one.
    """
    if user.is_frozen(now):
        assert user.factors_frozen_until is not None
        raise FactorsFrozen(user.factors_frozen_until)
