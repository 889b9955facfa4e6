"""Mails that anybody may ask for: how many, before anything is written."""

import logging

from app.core.context import current
from app.core.rate_limit import subject_key
from app.services.process.challenge import ChallengeService
from app.services.process.process import Process
from app.utils.helpers import network_of

_log = logging.getLogger("auth_serve.mail")


class MailRequestService:
    """Counts requests for mail, by recipient and by address."""

    def __init__(self, process: Process) -> None:
        """Count in the shared store."""
        self._process = process

    async def admit(self, purpose: str, recipient: str) -> bool:
        """Count a request; False when the recipient has had enough mails of a kind.

        The answer outside is the same then, and the same for addresses without an
        account; so is the work, which the caller has to see to: what is not mailed is
        written for nobody, or the time would tell a neighbour of an account's owner
        that the network is known. Each purpose has a count of its own, and so has each
        network that the account signed in from: whoever asks for a stranger's mails
        from elsewhere can neither keep the owner from theirs nor see how many there
        were.

        Args:
            purpose: What the mail is for.
            recipient: The canonical address.

        Raises:
            TooManyRequests: The caller's address asked too often; with a challenge.
        """
        process, network = self._process, network_of(current().ip)
        limits, limiter = process.limits, process.limiter
        await ChallengeService(process).admit(limits.mail_address, recipient)
        known = await process.statements.knows_network(recipient, network)
        share = f"{purpose} {recipient} {network if known else ''}"
        key = subject_key("mail", share)
        if await limiter.admits((limits.mail_recipient, key)):
            return True
        _log.warning("mail not sent: %s", limits.mail_recipient.name)
        return False
