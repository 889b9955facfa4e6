"""Who is signed in at a browser, in the words in which the engine asks for it."""

from dataclasses import replace
from datetime import timedelta

from app.oauth.acr import acr_of
from app.oauth.authorize import AuthorizationRequest
from app.oauth.claims import wished_values
from app.oauth.interaction import SignedInState, would_help
from app.oauth.ports import Authentication
from app.repositories.unit_of_work import UnitOfWork
from app.services.oauth.flow import Flow, sign_in_at
from app.services.oauth.person import subject_of
from app.services.process.process import Process
from app.services.sign_in.browser_session import Browser, BrowserAccount
from app.services.sign_in.step_up import may_step_up

_MOMENT = timedelta(microseconds=1)


def account_for(
    process: Process, flow: Flow, request: AuthorizationRequest, browser: Browser
) -> BrowserAccount | None:
    """Return the account that a request is about: the one in use, as a rule.

    An application that names a person (``id_token_hint``, or ``sub`` in ``claims``)
    gets that one if they are signed in here too; one that does not gets whom the person
    chose for it before. Once the person signed in or chose for this request, it is whom
    they chose: whether that is right is the engine's to say.
    """
    account = browser.current
    if account is None or _acted(flow, account):
        return account
    wanted = _named(flow, request)
    for candidate in browser.accounts:
        if flow.chosen == candidate.session_id:
            return candidate
        if wanted and _subject(process, request, candidate) in wanted:
            return candidate
    return account


def _named(flow: Flow, request: AuthorizationRequest) -> list[object]:
    """Return the subjects of which the application wants one; none if it named none."""
    if flow.hinted_subject is not None:
        return [flow.hinted_subject]
    return wished_values(request.claims, "id_token", "sub")


async def with_last_choice(
    uow: UnitOfWork, flow: Flow, request: AuthorizationRequest, browser: Browser
) -> Flow:
    """Return a new flow with the account that was chosen for its application before.

    What was granted last in the sessions of this browser tells it, so it is known
    nowhere else and ends with the session. It is no choice any more once another
    account was signed in to: the person chose among fewer. Putting another account into
    use at the front door is no choice: it says nothing about this application, and who
    keeps accounts apart would be told of under the wrong one. An application that names
    a person, or has them choose, is not answered from memory. To tell a hint that fits
    from one that does not would tell who is signed in here.
    """
    names = _named(flow, request) or request.login_hint is not None
    if len(browser.accounts) < 2 or names or "select_account" in request.prompt:
        return flow
    sessions = [each.session_id for each in browser.accounts]
    last = await uow.oauth_grants.last_in(sessions, request.client.client_id)
    if last is None:
        return flow
    others = (each for each in browser.accounts if each.session_id != last.session_id)
    if last.created_at <= max(each.authenticated_at for each in others):
        return flow
    return replace(flow, chosen=last.session_id, chosen_at=last.created_at)


def _acted(flow: Flow, account: BrowserAccount) -> bool:
    is_new = sign_in_at(account) not in flow.sign_ins
    return is_new or flow.chosen == account.session_id


async def signed_in_state(
    uow: UnitOfWork,
    process: Process,
    flow: Flow,
    request: AuthorizationRequest,
    account: BrowserAccount,
    browser: Browser,
) -> SignedInState:
    """Return what the engine looks at."""
    authenticated_at = account.authenticated_at
    if sign_in_at(account) in flow.sign_ins:
        authenticated_at = min(authenticated_at, flow.arrived_at - _MOMENT)
    acr = acr_of(account.amr)
    has_more = would_help(request, acr) and await uow.users.has_second_factor(
        account.user_id
    )
    return SignedInState(
        subject=_subject(process, request, account),
        authenticated_at=authenticated_at,
        acr=acr,
        chosen_at=flow.chosen_at if flow.chosen == account.session_id else None,
        has_several=len(browser.accounts) > 1,
        has_second_factor=has_more,
        may_step_up=has_more and may_step_up(process, account),
    )


def authentication_of(account: BrowserAccount) -> Authentication:
    """Return how and when the person signed in, for what is granted."""
    return Authentication(
        user_id=account.user_id,
        session_id=account.session_id,
        authenticated_at=account.authenticated_at,
        acr=acr_of(account.amr),
        amr=account.amr,
    )


def _subject(
    process: Process, request: AuthorizationRequest, account: BrowserAccount
) -> str:
    return subject_of(account.user_id, request.client, process.secret_key)
