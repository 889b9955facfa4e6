"""OIDC Core §3.1.2.1, §3.1.2.3, §3.1.2.4, §3.1.2.6, §5.5.1.1 and §11: who has to act.

And RFC 9470 §5: how strongly somebody has to sign in.

One pure decision is asked again after each step of the person. Nothing loops, because
what the person did is recognised by its instant: a sign-in after the request arrived
is what ``prompt=login`` and ``max_age`` demanded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from app.oauth.acr import ONE_FACTOR, TWO_FACTORS, meets, meets_any
from app.oauth.authorize import AuthorizationRequest
from app.oauth.claims import beyond_scope, is_essential, wished_values
from app.oauth.clients.redirect_uri import may_send
from app.oauth.errors import (
    AccountSelectionRequired,
    ConsentRequired,
    InteractionNeeded,
    InteractionRequired,
    LoginRequired,
    UnmetAuthenticationRequirements,
)
from app.oauth.resources.request import scope_at
from app.oauth.scopes import PERSONAL
from app.oauth.uri import parse_uri


class Step(StrEnum):
    """What the person does next."""

    LOGIN = "login"
    STEP_UP = "step_up"
    SELECT_ACCOUNT = "select_account"
    CREATE_ACCOUNT = "create_account"
    CONSENT = "consent"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInState:
    """Who is signed in at this browser, and how.

    Attributes:
        subject: As this client would be told (public or pairwise).
        authenticated_at: When the person last proved who they are.
        chosen_at: When the person last said that this is the account to go on with.
        has_several: Whether the browser holds other accounts too.
        has_duty: Whether something else comes first, such as setting up a second
            factor; the sign-in pages know what.
        has_second_factor: Whether the person could prove one. Nobody has to find out
            unless ``would_help`` says that it matters.
        may_step_up: Whether the second factor is all that they need to prove, since
            the first one was a short time ago.
    """

    subject: str
    authenticated_at: datetime
    acr: str
    chosen_at: datetime | None = None
    has_several: bool = False
    has_duty: bool = False
    has_second_factor: bool = False
    may_step_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentState:
    """What the person agreed to.

    Attributes:
        scope: What is remembered for this client, apart from resources.
        resources: What is remembered of each resource that it named (RFC 8707 §2.1).
        claims: The same, for claims that no scope stands for.
        places: Where the person agreed to be sent to, as ``place_of`` has it.
        is_given: Whether the person agreed to this very request, in this very flow.
    """

    scope: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    resources: Mapping[str, frozenset[str]] = field(default_factory=dict)
    places: frozenset[str] = frozenset()
    is_given: bool = False


def decide(
    request: AuthorizationRequest,
    session: SignedInState | None,
    consent: ConsentState,
    now: datetime,
    *,
    arrived_at: datetime,
    hinted_subject: str | None = None,
) -> Step:
    """Return what has to happen before the request can be granted.

    Args:
        request: What is asked for.
        session: Who is signed in, if anybody.
        consent: What was agreed to.
        now: The instant of this decision.
        arrived_at: When the request came in first.
        hinted_subject: ``sub`` of the verified ``id_token_hint``, if one was sent.

    Raises:
        InteractionNeeded: ``prompt=none``, and somebody would have to act; or another
            person than the one who was asked for has just signed in.
        UnmetAuthenticationRequirements: The sign-in was not as strong as demanded.
    """
    step, refusal = _next(request, session, consent, now, arrived_at, hinted_subject)
    if step is not Step.DONE and "none" in request.prompt:
        raise refusal(f"prompt is none, and the next step would be {step}")
    return step


_Next = tuple[Step, type[InteractionNeeded]]
_LOGIN: _Next = (Step.LOGIN, LoginRequired)
_STEP_UP: _Next = (Step.STEP_UP, LoginRequired)
_SELECT: _Next = (Step.SELECT_ACCOUNT, AccountSelectionRequired)
_CREATE: _Next = (Step.CREATE_ACCOUNT, InteractionRequired)
_DUTY: _Next = (Step.LOGIN, InteractionRequired)
_CONSENT: _Next = (Step.CONSENT, ConsentRequired)
_DONE: _Next = (Step.DONE, InteractionRequired)


def _next(
    request: AuthorizationRequest,
    session: SignedInState | None,
    consent: ConsentState,
    now: datetime,
    arrived_at: datetime,
    hinted_subject: str | None,
) -> _Next:
    is_fresh = session is not None and session.authenticated_at >= arrived_at
    if "create" in request.prompt and not is_fresh:
        return _CREATE
    if session is None:
        return _LOGIN
    if _must_choose(request, session, arrived_at, hinted_subject):
        return _SELECT
    if is_fresh:
        _refuse_wrong_sign_in(request, session, hinted_subject)
    elif _must_sign_in(request, session, now, hinted_subject):
        return _LOGIN
    stronger = _stronger(request, session, is_fresh)
    if stronger is not None:
        return stronger
    if session.has_duty:
        return _DUTY
    return _CONSENT if _must_consent(request, consent) else _DONE


def _must_choose(
    request: AuthorizationRequest,
    session: SignedInState,
    arrived_at: datetime,
    hinted_subject: str | None,
) -> bool:
    """Tell whether it is open which account is meant; signing in is a choice too."""
    acts = (session.authenticated_at, session.chosen_at or session.authenticated_at)
    if max(acts) >= arrived_at:
        return False
    if "select_account" in request.prompt:
        return True
    if hinted_subject is not None or _named_subjects(request):
        return False
    return session.has_several and session.chosen_at is None


def _must_sign_in(
    request: AuthorizationRequest,
    session: SignedInState,
    now: datetime,
    hinted_subject: str | None,
) -> bool:
    """Tell whether an earlier sign-in is not good enough for this request."""
    if "login" in request.prompt:
        return True
    if request.max_age is not None:
        if now - session.authenticated_at > timedelta(seconds=request.max_age):
            return True
    return not _is_wanted(request, session, hinted_subject)


def _refuse_wrong_sign_in(
    request: AuthorizationRequest, session: SignedInState, hinted_subject: str | None
) -> None:
    """End what asking once more would not mend."""
    if not _is_wanted(request, session, hinted_subject):
        raise LoginRequired("another person signed in than the one who was asked for")


def _stronger(
    request: AuthorizationRequest, session: SignedInState, is_fresh: bool
) -> _Next | None:
    """Return what makes the sign-in as strong as it has to be; None if it is.

    A wish (``acr_values``) is followed as far as the person can, and never refused. Who
    is remembered at a device signs in with one factor, and may be asked for the second
    right after it.
    """
    if session.has_second_factor and would_help(request, session.acr):
        return _STEP_UP if session.may_step_up else _LOGIN
    if is_strong(request, session.acr):
        return None
    if not is_fresh:
        return _LOGIN
    hint = f"signed in with {session.acr}"
    unmet = "the demanded acr was not met"
    if would_help(request, session.acr):  # and there is none, or it had been asked for
        unmet += "; the account has no second factor, which its owner can set up"
    raise UnmetAuthenticationRequirements(unmet, hint=hint)


def _named_subjects(request: AuthorizationRequest) -> list[object]:
    """Return the ``sub`` values of which one has to sign in (§3.1.2.2, §5.5.1)."""
    return wished_values(request.claims, "id_token", "sub")


def _is_wanted(
    request: AuthorizationRequest, session: SignedInState, hinted_subject: str | None
) -> bool:
    if hinted_subject is not None and session.subject != hinted_subject:
        return False
    named = _named_subjects(request)
    return not named or session.subject in named


def demanded_acr(request: AuthorizationRequest) -> list[object]:
    """Return the acr values of which one must be met; ``acr_values`` is only a wish."""
    if not is_essential(request.claims, "id_token", "acr"):
        return []
    return wished_values(request.claims, "id_token", "acr")


def wished_acr(request: AuthorizationRequest) -> tuple[str, ...]:
    """Return the acr values that would do, whether they are demanded or a wish."""
    claimed = wished_values(request.claims, "id_token", "acr")
    minimum = request.client.minimum_acr
    wished = [*request.acr_values, *claimed] if minimum is None else [minimum]
    return tuple(each for each in wished if isinstance(each, str))


def is_strong(request: AuthorizationRequest, acr: str) -> bool:
    """Tell whether a sign-in is as strong as client and request demand.

    The sign-in pages ask it of ``aal1``, so that they ask for the factor that is due.
    """
    minimum, demanded = request.client.minimum_acr, demanded_acr(request)
    if minimum is not None and not meets(acr, minimum):
        return False
    return not demanded or meets_any(acr, demanded)


def would_help(request: AuthorizationRequest, acr: str) -> bool:
    """Tell whether a second factor would meet what this sign-in does not.

    With ``prompt=none`` wishes are left out: nobody is there to follow them.
    """
    if not is_strong(request, acr):
        return is_strong(request, TWO_FACTORS)
    wished = list(request.acr_values) + wished_values(request.claims, "id_token", "acr")
    if not wished or "none" in request.prompt or meets_any(acr, wished):
        return False
    return acr == ONE_FACTOR and meets_any(TWO_FACTORS, wished)


def _must_consent(request: AuthorizationRequest, consent: ConsentState) -> bool:
    """Tell whether the person has to be asked.

    ``prompt=consent`` asks always. The administrator answers for first-party clients,
    where it is sure that one of them will have the answer. What is remembered counts
    for confidential clients alone: anybody can pretend to be a public one (RFC 6749
    §10.2, RFC 8252 §8.6, ADR-0012). ``offline_access`` is a scope like the others here,
    so it is never given without having been agreed to (§11). Where nobody vouches for
    the client, the person is asked about each place that they would be sent to (RFC
    9700 §4.11.2).
    """
    if consent.is_given:
        return False
    if "consent" in request.prompt or not _may_send(request, consent):
        return True
    if request.client.is_first_party and _is_answer_safe(request):
        return False
    return request.client.is_public or not _is_remembered(request, consent)


def _may_send(request: AuthorizationRequest, consent: ConsentState) -> bool:
    return may_send(request.client, request.redirect_uri, consent.places)


def _is_answer_safe(request: AuthorizationRequest) -> bool:
    """Tell whether the client alone can use what the answer brings.

    A public client has no secret, and any program on the device may listen on its
    loopback port or claim its private scheme; an https address is its own.
    """
    target = parse_uri(request.redirect_uri)
    is_https = target is not None and target.scheme == "https"
    return is_https or not request.client.is_public


def _is_remembered(request: AuthorizationRequest, consent: ConsentState) -> bool:
    claims = beyond_scope(request.claims, request.scope)
    if not (consent.scope >= scope_elsewhere(request) and consent.claims >= claims):
        return False
    known, asked = consent.resources, scopes_by_resource(request)
    return asked.keys() <= known.keys() and all(
        scope <= known[identifier] for identifier, scope in asked.items()
    )


def scopes_by_resource(request: AuthorizationRequest) -> dict[str, frozenset[str]]:
    """Return what is asked for at which resource (RFC 8707 §2.1).

    A scope that was agreed to at one API was not agreed to at another.
    """
    client, asked = request.client, frozenset(request.scope)
    return {one.identifier: asked & scope_at(one, client) for one in request.resources}


def scope_elsewhere(request: AuthorizationRequest) -> frozenset[str]:
    """Return what is asked for apart from resources; of a person this is, always."""
    there = frozenset[str]().union(*scopes_by_resource(request).values())
    return frozenset(request.scope) - (there - PERSONAL)
