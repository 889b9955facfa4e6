"""Who is signed in at a browser, in the words in which the engine asks for it."""

from datetime import timedelta

from app.oauth.authorize import AuthorizationRequest
from app.oauth.claims import wished_values
from app.oauth.interaction import SignedInState
from app.oauth.ports import Authentication
from app.services.browser_session import Browser, BrowserAccount
from app.services.oauth_flow import Flow, sign_in_at
from app.services.oauth_person import subject_of
from app.services.oauth_supported import ONE_FACTOR
from app.services.runtime import Runtime

_MOMENT = timedelta(microseconds=1)


def account_for(
    runtime: Runtime, flow: Flow, request: AuthorizationRequest, browser: Browser
) -> BrowserAccount | None:
    """Return the account that a request is about: the one in use, as a rule.

    An application that names a person (``id_token_hint``, or ``sub`` in ``claims``)
    gets that one if they are signed in here too. Once the person signed in or chose for
    this request, it is whom they chose: whether that is right is the engine's to say.
    """
    account = browser.current
    if account is None or _acted(flow, account):
        return account
    wanted = wished_values(request.claims, "id_token", "sub")
    if flow.hinted_subject is not None:
        wanted = [flow.hinted_subject]
    for candidate in browser.accounts if wanted else ():
        if _subject(runtime, request, candidate) in wanted:
            return candidate
    return account


def _acted(flow: Flow, account: BrowserAccount) -> bool:
    is_new = sign_in_at(account) not in flow.sign_ins
    return is_new or flow.chosen == account.session_id


def signed_in_state(
    runtime: Runtime,
    flow: Flow,
    request: AuthorizationRequest,
    account: BrowserAccount,
    browser: Browser,
) -> SignedInState:
    """Return what the engine looks at."""
    authenticated_at = account.authenticated_at
    if sign_in_at(account) in flow.sign_ins:
        authenticated_at = min(authenticated_at, flow.arrived_at - _MOMENT)
    return SignedInState(
        subject=_subject(runtime, request, account),
        authenticated_at=authenticated_at,
        acr=ONE_FACTOR,
        chosen_at=flow.chosen_at if flow.chosen == account.session_id else None,
        has_several=len(browser.accounts) > 1,
    )


def authentication_of(account: BrowserAccount) -> Authentication:
    """Return how and when the person signed in, for what is granted."""
    return Authentication(
        user_id=account.user_id,
        session_id=account.session_id,
        authenticated_at=account.authenticated_at,
        acr=ONE_FACTOR,
        amr=account.amr,
    )


def _subject(
    runtime: Runtime, request: AuthorizationRequest, account: BrowserAccount
) -> str:
    return subject_of(account.user_id, request.client, runtime.secret_key)
