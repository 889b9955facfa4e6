"""Whether an account of a directory may be used, as its entry says it."""

from datetime import UTC, datetime, timedelta

from app.upstreams.directory.message import Entry

NEEDED = (
    *("userAccountControl", "accountExpires"),  # Active Directory
    *("nsAccountLock", "pwdAccountLockedTime"),  # 389 Directory Server, slapd
)
_DISABLED = 0x2  # ACCOUNTDISABLE
_NEVER = 0x7FFF_FFFF_FFFF_FFFF
_FILETIME = datetime(1601, 1, 1, tzinfo=UTC)
_LOCKED_BY_ADMINISTRATOR = "000001010000Z"  # draft-behera, section 5.3.3


def is_active(entry: Entry, now: datetime) -> bool:
    """Tell whether an entry is of an account that is neither disabled nor expired.

    What is not told stands against nobody. That somebody typed wrong passwords is no
    standing: it is over by itself.
    """
    control = entry.number("userAccountControl")
    if control is not None and control & _DISABLED:
        return False
    expires = entry.number("accountExpires")
    if expires is not None and 0 < expires < _NEVER:
        try:
            if _FILETIME + timedelta(microseconds=expires // 10) <= now:
                return False
        except OverflowError:
            pass  # of no year that there is
    if (entry.text("nsAccountLock") or "").lower() == "true":
        return False
    return entry.text("pwdAccountLockedTime") != _LOCKED_BY_ADMINISTRATOR
