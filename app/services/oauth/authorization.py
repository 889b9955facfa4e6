"""From an application's request to its answer: a step of the person, a code, a refusal.

``app/oauth`` decides. Here it is told who is signed in and what was agreed to, and what
it decided is done: in one transaction, and with evidence.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from app.core.context import current
from app.core.language import wish
from app.events.oauth.authorization import AuthorizationGranted, ConsentDenied
from app.oauth.authorization_response import code_response
from app.oauth.authorize import AuthorizationRequest, ReturnAddress
from app.oauth.device.authorization import DeviceRequest
from app.oauth.errors import AccessDenied, InvalidRequest, OAuthError
from app.oauth.interaction import ConsentState, Step, decide
from app.oauth.parameters import Parameters, parse_query
from app.oauth.response_modes import Answer
from app.repositories.unit_of_work import UnitOfWork
from app.services.clients.document import ClientDocumentService
from app.services.clients.provider import Provider
from app.services.clients.theme import wear
from app.services.oauth.agreed import agreed_of, shown_of, single_claims
from app.services.oauth.authorization_request import AuthorizationRequestReader
from app.services.oauth.code import issue_code
from app.services.oauth.consent import OAuthConsentService
from app.services.oauth.device.device_answer import (
    DeviceAnswered,
    DeviceRefused,
    approve_device,
    deny_device,
    keep_device,
)
from app.services.oauth.flow import Flow, FlowNotFound, OAuthFlowService, sign_in_at
from app.services.oauth.outcome import Due, Outcome, Waiting
from app.services.oauth.redirect import Withheld, send
from app.services.oauth.refusal import AuthorizationRefusalService
from app.services.oauth.signed_in import (
    account_for,
    authentication_of,
    signed_in_state,
    with_last_choice,
)
from app.services.process.explained import explain_authorization
from app.services.process.rate_limit import by_address
from app.services.sign_in.browser_session import Browser, BrowserAccount

_USE_NOTED = timedelta(days=1)  # a client in use is written down at most this often


class _ClientGone(InvalidRequest):
    """The client was disabled or deleted a moment ago."""


_Work = Callable[[AuthorizationRequest], Awaitable[Outcome]]


class AuthorizationService:
    """Answers authorization requests, each step in a transaction of its own."""

    def __init__(self, provider: Provider) -> None:
        """Work outside of a request's transaction."""
        self._provider = provider
        self._refusals = AuthorizationRefusalService(provider)
        self._requests = AuthorizationRequestReader(provider, self._refusals)

    async def admit(self) -> None:
        """Count a request against the address that it comes from.

        Raises:
            TooManyRequests: There were too many.
        """
        limits = self._provider.limits
        await self._provider.limiter.take(*by_address(limits.authorize_address))

    async def begin(self, query: bytes, browser: Browser) -> Outcome:
        """Return what comes of a new request.

        Args:
            query: The request as it came.
            browser: Where it came from; it has a value.

        Raises:
            UnanswerableRequest: There is nobody to answer.
        """
        try:
            params, repeated = parse_query(query)
        except InvalidRequest as error:
            await self._refusals.show(error, None)

        async def work(request: AuthorizationRequest) -> Outcome:
            flow = await self._new(params, request, browser)
            await self._charge_stored(flow, browser)
            return await self._advance(flow, request, browser)

        return await self._answer(params, browser, work, repeated=repeated)

    async def begin_at_device(self, asked: DeviceRequest, browser: Browser) -> Outcome:
        """Return what comes of a code that somebody typed who is signed in.

        Args:
            asked: As ``DeviceAuthorizationService.find`` returned it.
            browser: Where it was typed; it has a value.

        Raises:
            FlowNotFound: It was answered meanwhile.
        """
        params = Parameters({"client_id": asked.client.client_id})
        flow = await self._new(params, asked, browser)
        flow = replace(flow, user_code=asked.user_code)

        async def work(request: AuthorizationRequest) -> Outcome:
            return await self._advance(flow, request, browser)

        return await self._answer(params, browser, work, flow=flow, to=asked)

    async def resume(
        self, token: str, browser: Browser, *, agreed_to: str | None = None
    ) -> Outcome:
        """Return what comes of a request after the person did something.

        Args:
            token: The flow.
            browser: Where the person is.
            agreed_to: ``Waiting.shown`` of what they agreed to just now. What they did
                not see is asked for again, and so is what comes out of order.

        Raises:
            FlowNotFound: No such request waits in this browser.
            UnanswerableRequest: Its client is not known any more.
        """
        flow = await self._find(token, browser)

        async def work(request: AuthorizationRequest) -> Outcome:
            return await self._advance(flow, request, browser, token, agreed_to)

        return await self._answer(flow.parameters, browser, work, flow=flow)

    async def deny(self, token: str, browser: Browser) -> Outcome:
        """Tell the client that the person said no.

        Raises:
            FlowNotFound: No such request waits in this browser.
            UnanswerableRequest: Its client is not known any more.
        """
        flow = await self._find(token, browser)

        async def work(request: AuthorizationRequest) -> Outcome:
            account = account_for(self._provider, flow, request, browser)
            current().user_id = account.user_id if account else None
            async with self._provider.unit_of_work() as uow:
                await OAuthFlowService(uow, self._provider).use_up(flow)
                if isinstance(request, DeviceRequest):
                    return await deny_device(uow, request, account, browser)
                uow.record(
                    ConsentDenied(
                        user_id=current().user_id,
                        client_id=request.client.client_id,
                        scope=request.scope,
                    )
                )
            refusal = AccessDenied("the person said no")
            return await self._tell(request, refusal, account)

        return await self._answer(flow.parameters, browser, work, flow=flow)

    async def choose(self, token: str, browser: Browser) -> None:
        """Note that the account in use is the one that the person goes on with.

        Raises:
            FlowNotFound: No such request waits in this browser.
        """
        async with self._provider.unit_of_work() as uow:
            flows = OAuthFlowService(uow, self._provider)
            await flows.choose(token, browser)

    async def look(self, token: str, browser: Browser) -> Waiting:
        """Return what pages show of a flow; it changes nothing.

        Raises:
            FlowNotFound: No such request waits in this browser.
            UnanswerableRequest: Its client is not known any more.
        """
        flow = await self._find(token, browser)
        to = await self._requests.of_flow(flow, browser)
        try:
            request = await self._requests.read(flow.parameters, to)
        except OAuthError as error:
            raise FlowNotFound(hint=str(error)) from None
        wish(request.ui_locales, flow.arrived_at)
        wear(request.client)
        account = account_for(self._provider, flow, request, browser)
        known = ConsentState()
        try:
            async with self._provider.unit_of_work() as uow:
                known = await self._known(uow, request, account)
                step = await self._step(uow, flow, request, account, browser, known)
        except OAuthError:  # ``resume`` tells the client
            step = Step.DONE
        return Waiting(
            step=step,
            request=request,
            account=account,
            claims=single_claims(request),
            shown=shown_of(request, account),
            known=known,
        )

    async def _charge_stored(self, flow: Flow, browser: Browser) -> None:
        """Bound what all strangers together can make us store: ADR-0031.

        Raises:
            TooManyRequests: Too many requests lately that are too large to be carried.
        """
        async with self._provider.unit_of_work(read_only=True) as uow:
            if OAuthFlowService(uow, self._provider).is_carried(flow, browser):
                return
        await self._provider.limiter.take(
            (self._provider.limits.authorize_stored, "all")
        )

    async def _find(self, token: str, browser: Browser) -> Flow:
        async with self._provider.unit_of_work(read_only=True) as uow:
            return await OAuthFlowService(uow, self._provider).find(token, browser)

    async def _answer(
        self,
        params: Parameters,
        browser: Browser,
        work: _Work,
        *,
        repeated: frozenset[str] = frozenset(),
        flow: Flow | None = None,
        to: ReturnAddress | None = None,
    ) -> Outcome:
        """Do the work, and bring a refusal to the client, with evidence of it."""
        if flow is None:
            to = await self._requests.address(params, repeated)
        elif to is None:
            to = await self._requests.of_flow(flow, browser)
        client_id = to.client.client_id
        wear(to.client)
        try:
            if repeated:
                hint = f"{ascii(sorted(repeated))} sent twice"
                raise InvalidRequest("a parameter is there twice", hint=hint)
            request = await self._requests.read(params, to)
            arrived_at = flow.arrived_at if flow else self._provider.clock.now()
            wish(request.ui_locales, arrived_at)
            return await work(request)
        except _ClientGone as error:
            await self._refusals.show(error, client_id)
        except OAuthError as error:
            await self._refusals.record(error, client_id, flow)
            return await self._tell(to, error, browser.current)

    async def _tell(
        self, to: ReturnAddress, error: OAuthError, account: BrowserAccount | None
    ) -> Answer | Withheld:
        """Bring a refusal to the client, or show it to who never agreed to go there."""
        if isinstance(to, DeviceRequest):
            raise DeviceRefused(hint=str(error)) from error
        reason = error.description or error.error
        answer = self._refusals.answer(to, error)
        return await send(self._provider, to, answer, reason, account)

    async def _new(
        self, params: Parameters, request: AuthorizationRequest, browser: Browser
    ) -> Flow:
        flow = Flow(
            parameters=params,
            arrived_at=self._provider.clock.now(),
            sign_ins=frozenset(sign_in_at(each) for each in browser.accounts),
            hinted_subject=self._requests.hinted_subject(request),
        )
        async with self._provider.unit_of_work(read_only=True) as uow:
            return await with_last_choice(uow, flow, request, browser)

    async def _advance(
        self,
        flow: Flow,
        request: AuthorizationRequest,
        browser: Browser,
        token: str = "",
        agreed_to: str | None = None,
    ) -> Outcome:
        """Grant the request, or say which step comes first."""
        account = account_for(self._provider, flow, request, browser)
        async with self._provider.unit_of_work() as uow:
            account = await self._present(uow, account)
            await self._demand_client(uow, request)
            agreed = agreed_to is not None and agreed_to == shown_of(request, account)
            known = await self._known(uow, request, account)
            known = replace(known, is_given=agreed)
            step = await self._step(uow, flow, request, account, browser, known)
            if step is Step.DONE:
                assert account is not None
                return await self._grant(uow, flow, request, account, agreed, browser)
            if isinstance(request, DeviceRequest) and step is Step.CONSENT:
                await keep_device(uow, request, account, browser)
            flows = OAuthFlowService(uow, self._provider)
            return Due(step, token or flows.begin(flow, browser))

    async def _present(
        self, uow: UnitOfWork, account: BrowserAccount | None
    ) -> BrowserAccount | None:
        """Return an account that may be told of now; whoever disables it waits."""
        if account is None:
            return None
        user = await uow.users.by_id(account.user_id, lock=True)
        if user is None or not user.is_active:
            return None
        is_live = uow.sessions.is_live
        session_id, now = account.session_id, uow.clock.now()
        if not await is_live(session_id, user.id, now, counter=account.counter):
            return None
        current().user_id = user.id
        return account

    async def _demand_client(
        self, uow: UnitOfWork, request: AuthorizationRequest
    ) -> None:
        """Ask the database, since the directory may be some seconds late."""
        row = await uow.oauth_clients.keep(request.client.client_id)
        may_be_new = row is None and request.client.has_document  # till somebody agrees
        if not may_be_new and (row is None or row.status != "active"):
            raise _ClientGone("client_id is unknown", hint="disabled or deleted")

    @staticmethod
    async def _known(
        uow: UnitOfWork, request: AuthorizationRequest, account: BrowserAccount | None
    ) -> ConsentState:
        """Return what the person agreed to before."""
        if account is None:
            return ConsentState()
        client_id = request.client.client_id
        return await OAuthConsentService(uow).known(account.user_id, client_id)

    async def _step(
        self,
        uow: UnitOfWork,
        flow: Flow,
        request: AuthorizationRequest,
        account: BrowserAccount | None,
        browser: Browser,
        known: ConsentState,
    ) -> Step:
        session = None
        if account is not None:
            session = await signed_in_state(
                uow, self._provider, flow, request, account, browser
            )
        return decide(
            request,
            session,
            known,
            uow.clock.now(),
            arrived_at=flow.arrived_at,
            hinted_subject=flow.hinted_subject,
        )

    async def _grant(
        self,
        uow: UnitOfWork,
        flow: Flow,
        request: AuthorizationRequest,
        account: BrowserAccount,
        agreed: bool,
        browser: Browser,
    ) -> Answer | DeviceAnswered:
        client_id, now = request.client.client_id, uow.clock.now()
        if flow.id is not None:
            await OAuthFlowService(uow, self._provider).use_up(flow)
        if request.client.has_document:
            await ClientDocumentService(self._provider).store(uow, client_id)
        if agreed:
            await OAuthConsentService(uow).remember(
                account.user_id, client_id, **agreed_of(request)
            )
        await uow.oauth_clients.note_use(client_id, now, now - _USE_NOTED)
        who = authentication_of(account)
        if current().is_explained:
            pkce = self._provider.settings.oauth.pkce
            explain_authorization(request, who, pkce=pkce, agreed=agreed)
        if isinstance(request, DeviceRequest):
            return await approve_device(uow, self._provider, request, who, browser)
        key, settings = self._provider.secret_key, self._provider.settings.oauth
        code = await issue_code(uow, key, settings, request, who)
        uow.record(
            AuthorizationGranted(
                user_id=account.user_id,
                client_id=client_id,
                session_id=account.session_id,
                scope=request.scope,
            )
        )
        return code_response(request, code, self._provider.settings.public_url)
