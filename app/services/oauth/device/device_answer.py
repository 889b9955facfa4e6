"""What people say to devices that ask to be let in (ADR-0076)."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from app.core.exceptions import Forbidden
from app.core.language import gettext
from app.events.oauth.device_code import DeviceApproved, DeviceDenied
from app.models.oauth.device_code import DeviceCode as Row
from app.oauth.device.authorization import Asked, DeviceRequest, device_request
from app.oauth.grants.device_code import DeviceCode
from app.oauth.ports import Authentication
from app.oauth.resources.request import may_ask
from app.repositories.unit_of_work import UnitOfWork
from app.services.clients.provider import Provider
from app.services.oauth.code import new_grant
from app.services.oauth.flow import FlowNotFound
from app.services.process.process import Process
from app.services.sign_in.browser_session import Browser, BrowserAccount
from app.services.sign_in.new_sign_in import NewSignInService, Seen


@dataclass(frozen=True, slots=True)
class DeviceAnswered:
    """A device was let in, or turned away: it learns so when it polls next."""

    is_approved: bool


class DeviceRefused(Forbidden):
    """The person said yes, and the client demands a stronger sign-in than they have."""

    code = "device_refused"
    title = "Your sign-in is not strong enough for this application"

    @property
    def detail(self) -> str:
        """What the person can do."""
        return gettext("Set up a second step, then begin again on the device.")


def hash_of(process: Process, code: str) -> bytes:
    """Return what a code is found by; nobody tries codes on a copy of the database."""
    return process.secret_key.digest(b"user_code", code.encode())


def accounts_at(browser: Browser) -> list[UUID]:
    """Return who is signed in at a browser."""
    return [each.user_id for each in browser.accounts]


async def read_device(
    provider: Provider, user_code: str, browser: Browser
) -> DeviceRequest:
    """Return what the device asks for that shows a code.

    Raises:
        FlowNotFound: The code is over, somebody who is not signed in here began to
            answer it, or what it asks for is not to be had any more.
    """
    async with provider.unit_of_work(read_only=True) as uow:
        digest = hash_of(provider, user_code)
        row = await uow.device_codes.pending(digest, uow.clock.now())
    if row is None:
        raise FlowNotFound(hint="the code is decided or over")
    if row.user_id is not None and row.user_id not in accounts_at(browser):
        raise FlowNotFound(hint="somebody else began to answer the code")
    return await asked_by(provider, row, user_code)


async def asked_by(provider: Provider, row: Row, user_code: str) -> DeviceRequest:
    """Return what a device asks for whose code was read.

    Raises:
        FlowNotFound: Its client may not use the grant any more, or a resource is gone.
    """
    client = await provider.clients.by_client_id(row.client_id)
    is_offered = DeviceCode.name in provider.supported.grant_types
    if client is None or not is_offered or DeviceCode.name not in client.grant_types:
        raise FlowNotFound(hint="the client may not use the grant any more")
    names = row.resources.split()
    known = await provider.resources.find(names) if names else {}
    resources = [known[n] for n in names if n in known and may_ask(client, known[n])]
    if len(resources) < len(names):
        raise FlowNotFound(hint="a resource is not to be had any more")
    return device_request(
        client,
        Asked(tuple(row.scope.split()), tuple(resources)),
        device_code_id=row.id,
        user_code=user_code,
        ip=row.ip,
        user_agent=row.user_agent,
        asked_at=row.created_at,
    )


async def keep_device(
    uow: UnitOfWork,
    request: DeviceRequest,
    account: BrowserAccount | None,
    browser: Browser,
) -> None:
    """Keep a code for who is about to be asked; nobody else can answer it then.

    Raises:
        FlowNotFound: Somebody else was first, or the code is over.
    """
    assert account is not None  # who is asked has signed in
    kept = await uow.device_codes.claim(
        request.device_code_id,
        account.user_id,
        accounts_at(browser),
        uow.clock.now(),
    )
    _demand(kept)


async def approve_device(
    uow: UnitOfWork,
    provider: Provider,
    request: DeviceRequest,
    authentication: Authentication,
    browser: Browser,
) -> DeviceAnswered:
    """Let a device in: it gets its tokens when it polls next.

    Raises:
        FlowNotFound: The code is decided, over, or somebody else's.
    """
    await let_in(uow, provider, request, authentication, accounts_at(browser))
    await _tell_owner(uow, provider, request, authentication)
    return DeviceAnswered(True)


async def let_in(
    uow: UnitOfWork,
    process: Process,
    request: DeviceRequest,
    authentication: Authentication,
    here: Collection[UUID],
) -> None:
    """Make the grant that a device begins when it comes for it.

    Args:
        uow: The caller's transaction.
        process: For how long the grant lives.
        request: What the device asked for.
        authentication: Who agrees, and how they signed in.
        here: The accounts at the same browser.

    Raises:
        FlowNotFound: The code is decided, over, or somebody else's.
    """
    user_id, now = authentication.user_id, uow.clock.now()
    code_id = request.device_code_id
    _demand(await uow.device_codes.approve(code_id, user_id, here, now))
    settings = process.settings.oauth
    uow.oauth_grants.add(new_grant(uow, settings, request, authentication, code_id))
    uow.record(
        DeviceApproved(
            user_id=user_id,
            client_id=request.client.client_id,
            session_id=authentication.session_id,
            scope=request.scope,
            device_ip=request.ip,
            device_user_agent=request.user_agent,
        )
    )


async def deny_device(
    uow: UnitOfWork,
    request: DeviceRequest,
    account: BrowserAccount | None,
    browser: Browser,
) -> DeviceAnswered:
    """Turn a device away.

    Raises:
        FlowNotFound: Nobody is signed in; or the code is decided, over, or somebody
            else's.
    """
    _demand(account is not None)
    assert account is not None
    here, now = accounts_at(browser), uow.clock.now()
    code_id = request.device_code_id
    _demand(await uow.device_codes.deny(code_id, account.user_id, here, now))
    uow.record(
        DeviceDenied(
            user_id=account.user_id,
            client_id=request.client.client_id,
            scope=request.scope,
            device_ip=request.ip,
            device_user_agent=request.user_agent,
        )
    )
    return DeviceAnswered(False)


async def _tell_owner(
    uow: UnitOfWork,
    process: Process,
    request: DeviceRequest,
    authentication: Authentication,
) -> None:
    """Have a mail sent where the device is in a network that the account never used."""
    user = await uow.users.by_id(authentication.user_id)
    seen = Seen(request.ip, request.user_agent)
    knows = uow.sessions.knows_network
    if user is None or not user.email_verified or await knows(user.id, seen.network):
        return
    tell = NewSignInService(process).tell
    await tell(uow, user, authentication.session_id, seen=seen)


def _demand(succeeded: bool) -> None:
    if not succeeded:
        raise FlowNotFound(hint="the code is decided, over, or somebody else's")
