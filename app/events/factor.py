"""Second factors: added, removed, and codes for the day on which they are lost."""

from typing import ClassVar

from app.events.base import Event, MailedEvent, event


@event
class FactorAdded(MailedEvent):
    """An account has another factor, or another one in the place of an old one."""

    name: ClassVar[str] = "factor.added"
    template: ClassVar[str] = "factor_added"

    factor: str


@event
class FactorRemoved(MailedEvent):
    """An account lost a factor, by its owner or by an administrator."""

    name: ClassVar[str] = "factor.removed"
    template: ClassVar[str] = "factor_removed"

    factor: str
    was_last: bool = False  # the password alone signs in now


@event
class RecoveryCodesMade(MailedEvent):
    """A new set of recovery codes was shown; those of before are void."""

    name: ClassVar[str] = "factor.recovery_codes_made"
    template: ClassVar[str] = "recovery_codes_made"


@event
class RecoveryCodeUsed(MailedEvent):
    """A recovery code was used up; its owner is told how many are left."""

    name: ClassVar[str] = "factor.recovery_code_used"
    template: ClassVar[str] = "recovery_code_used"

    left: int


@event
class FactorRecoveryRequested(MailedEvent):
    """Somebody who proved the first factor says that every second one is lost."""

    name: ClassVar[str] = "factor.recovery_requested"
    template: ClassVar[str] = "factor_recovery_requested"


@event
class FactorRecoveryScheduled(MailedEvent):
    """The link that ends a recovery will be mailed, unless something stops it."""

    name: ClassVar[str] = "factor.recovery_scheduled"
    template: ClassVar[str] = "factor_recovery_link"


@event
class FactorRecoveryStopped(Event):
    """A recovery that waited is over, and every factor is where it was.

    What ends everything of an account (another password or address, being disabled,
    "this wasn't me", changed factors) ends it too, and is told by its own event.

    Attributes:
        reason: ``link`` of the mail, ``signed_in`` with a factor, ``administrator``
            took a factor away, or ``tries`` at the password.
    """

    name: ClassVar[str] = "factor.recovery_stopped"

    reason: str


@event
class FactorsRecovered(MailedEvent):
    """An account lost every second factor, by a recovery that nobody stopped."""

    name: ClassVar[str] = "factor.recovered"
    template: ClassVar[str] = "factors_recovered"
