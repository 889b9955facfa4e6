"""Second factors: one file each, and here the list of what there is."""

from app.factors.base import Factor
from app.factors.passkey import PasskeyFactor
from app.factors.recovery_code import RecoveryCode
from app.factors.totp import Totp

FACTORS: tuple[Factor, ...] = (
    PasskeyFactor(),
    Totp(),
    RecoveryCode(),
)
