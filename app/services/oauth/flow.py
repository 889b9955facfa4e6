"""Requests of applications that wait for a person (ADR-0031).

A flow works once, and only in the browser that it was begun in. It holds what the
application asked for and nothing that would open anything: no hint token, no cookie.
Its name carries it, under an HMAC, until the person does something: strangers can begin
as many as they like, and nothing is stored.
"""

import hmac
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from app.core.exceptions import BadRequest
from app.core.language import gettext
from app.models.one_time_token import OneTimeToken
from app.oauth.parameters import RESOURCE, Parameters
from app.repositories.unit_of_work import UnitOfWork
from app.services.one_time.token import Purpose
from app.services.process.process import Process
from app.services.sign_in.browser_session import Browser, BrowserAccount

# What the engine reads, but for ``id_token_hint``: of that only the subject is kept.
# Whatever else an application sends may be a secret that it sent by mistake.
_KEPT = (
    "acr_values",
    "claims",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "display",
    "domain_hint",
    "idp_hint",
    "kc_idp_hint",
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


_USER_CODE = "user_code"
_PREFIX = "as_fl_"
# Characters of a name. With the rest of an address and a head it stays below the 4 KiB
# that proxies give to the head of an answer; longer ones are stored.
_MAX_CARRIED = 1_600
_MAC = 32  # bytes
_MAX_DATA = 65_536  # bytes of a flow, unpacked


class FlowNotFound(BadRequest):
    """The request is answered or too old, or was begun in another browser."""

    code = "flow_not_found"
    title = "This sign-in cannot be continued here"

    @property
    def detail(self) -> str:
        """The one thing that helps, whatever the reason."""
        return gettext("Go back to the application and begin again, in one browser.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A request that waits, and what the person did since it came.

    Attributes:
        id: None while nobody had to act.
        arrived_at: When it came.
        sign_ins: Those at the browser when it came, as ``sign_in_at`` has them: none
            of them is for this request, whatever the clocks of two machines say.
        hinted_subject: Of the ``id_token_hint``, verified when it came.
        user_code: Of a device that asks, as it was made; of other requests empty.
        chosen: The session of the account that the person chose, for this request or
            for an earlier one of the application.
        chosen_at: When that was.
    """

    id: UUID | None = None
    parameters: Parameters
    arrived_at: datetime
    sign_ins: frozenset[str] = frozenset()
    hinted_subject: str | None = None
    user_code: str = ""
    chosen: UUID | None = None
    chosen_at: datetime | None = None


def sign_in_at(account: BrowserAccount) -> str:
    """Return what tells a sign-in from the others, those into the same session too."""
    return f"{account.session_id.hex} {account.counter}"


class OAuthFlowService:
    """Flows: begun, found again, used up."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._process = process

    def begin(self, flow: Flow, browser: Browser) -> str:
        """Name a request that has to wait; addresses of pages carry the name.

        Args:
            flow: The request; it has no id yet.
            browser: Where it waits; it has a value.
        """
        begun = replace(flow, id=self._uow.randomness.uuid7())
        name = self._carried(begun, browser)
        if len(name) <= _MAX_CARRIED:
            return name
        assert begun.id is not None
        self._uow.one_time_tokens.add(self._row_of(begun, browser))
        return self._process.secret_key.one_time_token(Purpose.OAUTH_FLOW, begun.id)

    def is_carried(self, flow: Flow, browser: Browser) -> bool:
        """Tell whether a request that has to wait is stored nowhere."""
        begun = replace(flow, id=UUID(int=0))
        return len(self._carried(begun, browser)) <= _MAX_CARRIED

    async def find(self, name: str, browser: Browser) -> Flow:
        """Return a flow of this browser.

        Raises:
            FlowNotFound: There is none that could go on.
        """
        carried = self._read(name)
        if carried is None:
            return _flow(await self._row(self._stored_id(name), browser))
        flow, subject = carried
        if self._expires_at(flow) <= self._uow.clock.now():
            raise FlowNotFound(hint="expired")
        self._demand_same(subject, browser)
        assert flow.id is not None
        stored = await self._uow.one_time_tokens.by_id(flow.id)
        return _flow(await self._row(flow.id, browser)) if stored else flow

    async def asked_for(self, name: str) -> Parameters | None:
        """Return what a flow was begun with, over or of another browser as it may be.

        It decides nothing: whoever is led back to an application begins there anew.
        """
        try:
            carried = self._read(name)
            flow_id = None if carried else self._stored_id(name)
        except FlowNotFound:
            return None
        if carried is not None:
            return carried[0].parameters
        row = await self._uow.one_time_tokens.by_id(flow_id) if flow_id else None
        return _parameters(row.data) if row else None

    async def keep(self, name: str, browser: Browser) -> Flow:
        """Store a flow whose person did something, unless it is stored; return it.

        Raises:
            FlowNotFound: There is none that could go on.
        """
        flow = await self.find(name, browser)
        assert flow.id is not None
        if await self._uow.one_time_tokens.by_id(flow.id) is None:
            await self._uow.one_time_tokens.add_new(self._row_of(flow, browser))
        return flow

    async def choose(self, name: str, browser: Browser) -> None:
        """Note that the account in use is the one that the person goes on with.

        Raises:
            FlowNotFound: There is no flow that could go on.
        """
        flow = await self.keep(name, browser)
        assert flow.id is not None
        row = await self._row(flow.id, browser)
        if browser.current is not None:
            now = self._uow.clock.now()
            row.data = row.data | _choice(browser.current.session_id, now)

    async def use_up(self, flow: Flow) -> None:
        """End a flow: it is answered. Of any number at once exactly one succeeds.

        Raises:
            FlowNotFound: It was answered meanwhile, or its time is over.
        """
        if not await self.end(flow):
            raise FlowNotFound(hint="answered meanwhile")

    async def end(self, flow: Flow) -> bool:
        """End a flow; tell whether it was this that ended it.

        What is stored nowhere ends by a row that says so: its id is there once.
        """
        now, tokens = self._uow.clock.now(), self._uow.one_time_tokens
        if flow.id is None or self._expires_at(flow) <= now:
            return False
        if await tokens.consume(flow.id, Purpose.OAUTH_FLOW, now) is not None:
            return True
        ended = self._row_of(replace(flow, parameters=Parameters({})), Browser())
        ended.consumed_at = now
        return await tokens.add_new(ended)

    def _carried(self, flow: Flow, browser: Browser) -> str:
        """Return the name that carries a flow."""
        assert flow.id is not None
        content = _data(flow) | {
            "id": flow.id.hex,
            "arrived_at": flow.arrived_at.isoformat(),
            "subject": self._subject(browser),
        }
        packed = zlib.compress(orjson.dumps(content), 9)
        mac = self._process.secret_key.tags(b"oauth_flow", packed)[0]
        return _PREFIX + urlsafe_b64encode(mac + packed).rstrip(b"=").decode()

    def _read(self, name: str) -> tuple[Flow, str] | None:
        """Return the flow that a name carries, and whose it is; None for other names.

        Nothing is unpacked that is not ours.

        Raises:
            FlowNotFound: It has the form of such a name, and we did not make it.
        """
        if not name.startswith(_PREFIX):
            return None
        try:
            raw = urlsafe_b64decode(name[len(_PREFIX) :] + "==")
        except ValueError as error:
            raise FlowNotFound(hint="not a flow of ours") from error
        mac, packed = raw[:_MAC], raw[_MAC:]
        if not self._process.secret_key.is_tag(mac, b"oauth_flow", packed):
            raise FlowNotFound(hint="not a flow of ours")
        content = orjson.loads(zlib.decompressobj().decompress(packed, _MAX_DATA))
        arrived_at = datetime.fromisoformat(content["arrived_at"])
        flow = _flow_of(UUID(hex=content["id"]), arrived_at, content)
        return flow, content["subject"]

    def _stored_id(self, name: str) -> UUID:
        read = self._process.secret_key.read_one_time_token
        flow_id = read(Purpose.OAUTH_FLOW, name)
        if flow_id is None:
            raise FlowNotFound(hint="not a flow of ours")
        return flow_id

    async def _row(self, flow_id: UUID, browser: Browser) -> OneTimeToken:
        row = await self._uow.one_time_tokens.peek(
            flow_id, Purpose.OAUTH_FLOW, self._uow.clock.now()
        )
        if row is None:
            raise FlowNotFound(hint="answered, expired or unknown")
        self._demand_same(row.subject, browser)
        return row

    def _demand_same(self, subject: str, browser: Browser) -> None:
        is_same = hmac.compare_digest(subject, self._subject(browser))
        if not (browser.value and is_same):
            raise FlowNotFound(hint="begun in another browser")

    def _row_of(self, flow: Flow, browser: Browser) -> OneTimeToken:
        return OneTimeToken(
            id=flow.id,
            purpose=Purpose.OAUTH_FLOW,
            user_id=None,
            subject=self._subject(browser),
            data=_data(flow),
            attempts=0,
            created_at=flow.arrived_at,
            expires_at=self._expires_at(flow),
            consumed_at=None,
        )

    def _expires_at(self, flow: Flow) -> datetime:
        ttl = timedelta(seconds=self._process.settings.oauth.flow_ttl)
        return flow.arrived_at + ttl

    def _subject(self, browser: Browser) -> str:
        value = browser.value.encode()
        return self._process.secret_key.digest(b"browser", value).hex()


def _data(flow: Flow) -> dict[str, Any]:
    return (
        {
            "parameters": {
                name: flow.parameters[name] for name in _KEPT if name in flow.parameters
            },
            "sign_ins": sorted(flow.sign_ins),
            "hinted_subject": flow.hinted_subject,
        }
        | _named(flow)
        | ({_USER_CODE: flow.user_code} if flow.user_code else {})
        | (
            _choice(flow.chosen, flow.chosen_at)
            if flow.chosen and flow.chosen_at
            else {}
        )
    )


def _named(flow: Flow) -> dict[str, Any]:
    """Return the resources that are asked for, which may be several (RFC 8707)."""
    resources = flow.parameters.every(RESOURCE)
    return {RESOURCE: list(resources)} if resources else {}


def _parameters(data: Mapping[str, Any]) -> Parameters:
    return Parameters(data["parameters"], {RESOURCE: data.get(RESOURCE, ())})


def _choice(session_id: UUID, at: datetime) -> dict[str, Any]:
    return {"chosen": session_id.hex, "chosen_at": at.isoformat()}


def _flow(row: OneTimeToken) -> Flow:
    return _flow_of(row.id, row.created_at, row.data)


def _flow_of(flow_id: UUID, arrived_at: datetime, data: Mapping[str, Any]) -> Flow:
    chosen = data.get("chosen")
    return Flow(
        id=flow_id,
        parameters=_parameters(data),
        arrived_at=arrived_at,
        sign_ins=frozenset(data["sign_ins"]),
        hinted_subject=data["hinted_subject"],
        user_code=data.get(_USER_CODE, ""),
        chosen=UUID(hex=chosen) if chosen else None,
        chosen_at=datetime.fromisoformat(data["chosen_at"]) if chosen else None,
    )
