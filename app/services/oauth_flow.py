"""Requests of applications that wait for a person (ADR-0011).

A flow works once, and only in the browser that it was begun in. It holds what the
application asked for and nothing that would open anything: no hint token, no cookie.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.exceptions import BadRequest
from app.models.one_time_token import OneTimeToken
from app.oauth.parameters import Parameters
from app.repositories.unit_of_work import UnitOfWork
from app.services.browser_session import Browser, BrowserAccount
from app.services.one_time_token import Purpose
from app.services.runtime import Runtime

# What the engine reads, but for ``id_token_hint``: of that only the subject is kept.
# Whatever else an application sends may be a secret that it sent by mistake.
_KEPT = (
    "acr_values",
    "claims",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "display",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "ui_locales",
)


class FlowNotFound(BadRequest):
    """The request is answered or too old, or was begun in another browser."""

    code = "flow_not_found"
    title = "This sign-in cannot be continued here"

    @property
    def detail(self) -> str:
        """The one thing that helps, whatever the reason."""
        return "Go back to the application and begin again, in one browser."


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A request that waits, and what the person did since it came.

    Attributes:
        id: None while nobody had to act.
        arrived_at: When it came.
        sign_ins: Those at the browser when it came, as ``sign_in_at`` has them: none
            of them is for this request, whatever the clocks of two machines say.
        hinted_subject: Of the ``id_token_hint``, verified when it came.
        chosen: The session of the account that the person chose, for this request or
            for an earlier one of the application.
        chosen_at: When that was.
    """

    id: UUID | None = None
    parameters: Parameters
    arrived_at: datetime
    sign_ins: frozenset[str] = frozenset()
    hinted_subject: str | None = None
    chosen: UUID | None = None
    chosen_at: datetime | None = None


def sign_in_at(account: BrowserAccount) -> str:
    """Return what tells a sign-in from the others, those into the same session too."""
    return f"{account.session_id.hex} {account.counter}"


class OAuthFlowService:
    """Flows: begun, found again, used up."""

    def __init__(self, uow: UnitOfWork, runtime: Runtime) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._runtime = runtime

    def begin(self, flow: Flow, browser: Browser) -> str:
        """Store a request that has to wait; return what addresses of pages carry.

        Args:
            flow: The request.
            browser: Where it waits; it has a value.
        """
        flow_id = self._uow.randomness.uuid7()
        ttl = timedelta(seconds=self._runtime.settings.oauth.flow_ttl)
        self._uow.one_time_tokens.add(
            OneTimeToken(
                id=flow_id,
                purpose=Purpose.OAUTH_FLOW,
                user_id=None,
                subject=self._subject(browser),
                data=_data(flow),
                attempts=0,
                created_at=flow.arrived_at,
                expires_at=flow.arrived_at + ttl,
                consumed_at=None,
            )
        )
        return self._runtime.secret_key.one_time_token(Purpose.OAUTH_FLOW, flow_id)

    async def find(self, token: str, browser: Browser) -> Flow:
        """Return a flow of this browser.

        Raises:
            FlowNotFound: There is none that could go on.
        """
        return _flow(await self._row(token, browser))

    async def choose(self, token: str, browser: Browser) -> None:
        """Note that the account in use is the one that the person goes on with.

        Raises:
            FlowNotFound: There is no flow that could go on.
        """
        row = await self._row(token, browser)
        if browser.current is not None:
            now = self._uow.clock.now()
            row.data = row.data | _choice(browser.current.session_id, now)

    async def use_up(self, flow: Flow) -> None:
        """End a flow: it is answered. Of any number at once exactly one succeeds.

        Raises:
            FlowNotFound: It was answered meanwhile, or its time is over.
        """
        now, tokens = self._uow.clock.now(), self._uow.one_time_tokens
        used = flow.id and await tokens.consume(flow.id, Purpose.OAUTH_FLOW, now)
        if not used:
            raise FlowNotFound(hint="answered meanwhile")

    async def _row(self, token: str, browser: Browser) -> OneTimeToken:
        flow_id = self._runtime.secret_key.read_one_time_token(
            Purpose.OAUTH_FLOW, token
        )
        if flow_id is None:
            raise FlowNotFound(hint="not a flow of ours")
        row = await self._uow.one_time_tokens.peek(
            flow_id, Purpose.OAUTH_FLOW, self._uow.clock.now()
        )
        if row is None:
            raise FlowNotFound(hint="answered, expired or unknown")
        is_same = hmac.compare_digest(row.subject, self._subject(browser))
        if not (browser.value and is_same):
            raise FlowNotFound(hint="begun in another browser")
        return row

    def _subject(self, browser: Browser) -> str:
        value = browser.value.encode()
        return self._runtime.secret_key.digest(b"browser", value).hex()


def _data(flow: Flow) -> dict[str, Any]:
    return {
        "parameters": {
            name: flow.parameters[name] for name in _KEPT if name in flow.parameters
        },
        "sign_ins": sorted(flow.sign_ins),
        "hinted_subject": flow.hinted_subject,
    } | (_choice(flow.chosen, flow.chosen_at) if flow.chosen and flow.chosen_at else {})


def _choice(session_id: UUID, at: datetime) -> dict[str, Any]:
    return {"chosen": session_id.hex, "chosen_at": at.isoformat()}


def _flow(row: OneTimeToken) -> Flow:
    data: Mapping[str, Any] = row.data
    chosen = data.get("chosen")
    return Flow(
        id=row.id,
        parameters=Parameters(data["parameters"]),
        arrived_at=row.created_at,
        sign_ins=frozenset(data["sign_ins"]),
        hinted_subject=data["hinted_subject"],
        chosen=UUID(hex=chosen) if chosen else None,
        chosen_at=datetime.fromisoformat(data["chosen_at"]) if chosen else None,
    )
