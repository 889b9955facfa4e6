"""Whether a browser is sent to an application, or its person asked (RFC 9700 §4.11.2).

Who registers a client may have us send anybody anywhere, by any request that we refuse.
So what nobody vouches for gets a browser only after the person there agreed to it
(ADR-0014); until then the answer is shown here, and they may choose to take it along.
"""

from dataclasses import dataclass
from typing import ClassVar

from app.core.exceptions import Forbidden
from app.core.language import gettext
from app.oauth.authorize import ReturnAddress
from app.oauth.clients.client import Client
from app.oauth.response_modes import Answer
from app.services.oauth.consent import OAuthConsentService
from app.services.process.process import Process
from app.services.sign_in.browser_session import BrowserAccount


class UnvouchedApplication(Forbidden):
    """Nobody vouches for the application: the browser is not sent to it by itself."""

    code = "unvouched_application"
    title = "You were not sent on to the application"

    @property
    def detail(self) -> str:
        """Why, and what to do; the page says where it would be."""
        return gettext(
            "Nobody here vouches for it, and you have not allowed it anything. Go "
            "there only if you know it."
        )


@dataclass(frozen=True, slots=True)
class Withheld:
    """An answer that the browser takes along only if its person wants to."""

    error: ClassVar[type[UnvouchedApplication]] = UnvouchedApplication

    answer: Answer
    redirect_uri: str
    reason: str


async def may_send(
    process: Process, client: Client, uri: str, account: BrowserAccount | None
) -> bool:
    """Tell whether a browser may be sent to a client without a click.

    Args:
        process: The parts of the process.
        client: Whose URI it is.
        uri: Where it would be sent; it matched what is registered.
        account: The one in use there: another one agreed for itself.
    """
    if client.is_vouched_for or account is None:
        return client.is_vouched_for
    async with process.unit_of_work(read_only=True) as uow:
        return await OAuthConsentService(uow).may_send(account.user_id, client, uri)


async def send(
    process: Process,
    to: ReturnAddress,
    answer: Answer,
    reason: str,
    account: BrowserAccount | None,
) -> Answer | Withheld:
    """Return an answer as it goes out: by itself, or with the person's click."""
    if await may_send(process, to.client, to.redirect_uri, account):
        return answer
    return Withheld(answer, to.redirect_uri, reason)
