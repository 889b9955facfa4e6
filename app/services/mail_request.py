"""Mails that anybody may ask for: how many, before anything is looked up."""

import logging

from app.core.context import current
from app.core.exceptions import TooManyRequests
from app.core.rate_limit import address_key, subject_key
from app.services.runtime import Runtime

_log = logging.getLogger("auth_serve.mail")


class MailRequestService:
    """Counts requests for mail, by recipient and by address."""

    def __init__(self, runtime: Runtime) -> None:
        """Count in the shared store."""
        self._runtime = runtime

    async def admit(self, recipient: str) -> bool:
        """Count a request; False when the recipient has had enough mails.

        The answer outside is the same then, and the same for addresses without an
        account: the limit is counted before anybody looks one up.

        Args:
            recipient: The canonical address.

        Raises:
            TooManyRequests: The caller's address asked too often.
        """
        limiter, limits = self._runtime.limiter, self._runtime.limits
        await limiter.take((limits.mail_address, address_key(current().ip)))
        try:
            await limiter.take((limits.mail_recipient, subject_key("mail", recipient)))
        except TooManyRequests as refusal:
            _log.warning("mail not sent: %s", refusal.hint)
            return False
        return True
