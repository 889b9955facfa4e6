"""Signing in from elsewhere: people are led away, and taken back once (ADR-0101).

What is remembered meanwhile is a row that is used up by one statement, and only by the
browser that began. Nobody holds a connection to the database while the other side is
asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import AppError
from app.core.language import language
from app.events.sign_in import Refusal, SignInFailed
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.policies.sign_in import refusal_of
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.errors import InvalidCredentials
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.services.process.rate_limit import by_address
from app.services.sign_in.browser_session import Browser, held_by
from app.services.sign_in.elsewhere import came_by
from app.services.sign_in.errors import TOLD, MfaRequired
from app.services.sign_in.password import SignInService
from app.services.sign_in.start import StartedSession
from app.services.upstreams.account import (
    UpstreamAccountService,
    admit_mail,
    kept_claims,
)
from app.services.upstreams.connected import connect
from app.services.upstreams.directory import ConnectionDirectory, Way, is_directory
from app.services.upstreams.errors import ConnectionNotFound, UpstreamSignInRefused
from app.services.upstreams.expiring import Expiring, expiring
from app.services.upstreams.follow import by_dn, follow_groups, follow_profile
from app.services.upstreams.journey import (
    LINK_TTL,
    Going,
    going_of,
    is_of,
    kept_of,
    mark_of,
    remembered,
    settings_mark,
)
from app.services.upstreams.judged import Judged, keep_password, leave_evidence
from app.services.upstreams.proven import long_ago, proven, two_factors

if TYPE_CHECKING:
    from app.upstreams.protocol import RedirectConnector, UpstreamIdentity

TTL = 900  # seconds that somebody may stay away


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of somebody who is back.

    One of the others says it; without any, a mail was sent.

    Attributes:
        going: What they went for.
        started: Their session.
        required: A second factor has to be proven first.
        refusal: Why their own account does not sign in.
        link: Secret of the link that waits until they prove an account.
        is_linked: Whether the account that they came from is connected.
        expiring: What is to be told of the password that they proved.
    """

    going: Going
    started: StartedSession | None = None
    required: MfaRequired | None = None
    refusal: AppError | None = None
    link: str = ""
    is_linked: bool = False
    expiring: Expiring | None = None


class UpstreamSignInService:
    """Leads people to a connection's other side, and takes them back."""

    def __init__(self, process: Process, connections: ConnectionDirectory) -> None:
        """Work outside of a request's transaction."""
        self._process = process
        self._connections = connections

    async def begin(self, name: str, browser: Browser, going: Going) -> str:
        """Return where the browser goes.

        Args:
            name: Of the connection.
            browser: Whose; it has a value.
            going: What for.

        Raises:
            ConnectionNotFound: There is none of this name, or it is off.
            TooManyRequests: Too many of them from the caller's address.
            UpstreamSignInRefused: The other side cannot be asked.
        """
        from app.upstreams.protocol import Asking, Refused

        limits = self._process.limits
        await self._process.limiter.take(*by_address(limits.authorize_address))
        way, connector = await self._leading(name)
        token_id = self._process.randomness.uuid7()
        secret = self._process.secret_key.one_time_token
        asking = Asking(
            state=secret(Purpose.UPSTREAM_SIGN_IN, token_id),
            login_hint=going.login_hint or None,
            domain_hint=going.domain_hint,
            prompt="login" if going.again else None,
            max_age=0 if going.again else going.max_age,
            acr_values=two_factors(way, going),
            ui_locales=(language(),),
        )
        try:
            begun = await connector.begin(asking)
        except Refused as refusal:
            await self._refuse(name, refusal.reason, refusal.detail, going)
        if going.is_demanded and not begun.checks_age:
            why = "it does not tell when somebody proved themselves"
            await self._refuse(name, "not_fresh", why, going)
        async with self._process.unit_of_work() as uow:
            await OneTimeTokenService(uow, self._process).issue(
                Purpose.UPSTREAM_SIGN_IN,
                subject=way.id.hex,
                ttl=TTL,
                data=remembered(self._process, token_id, browser, going, begun.kept),
                token_id=token_id,
            )
        return str(begun.url)

    async def complete(
        self, name: str, parameters: Mapping[str, str], browser: Browser
    ) -> Arrival:
        """Take somebody back; sign them in, or say what is to follow.

        Args:
            name: Of the connection that they came by.
            parameters: What the other side says.
            browser: Whose.

        Raises:
            ConnectionNotFound: There is none of this name, or it is off.
            UpstreamSignInRefused: Nobody is signed in by this; the reason is in the
                audit trail.
        """
        from app.upstreams.protocol import Refused

        way, connector = await self._leading(name)
        row = await self._used_up(way, parameters.get("state", ""), browser)
        going, set_out_at = going_of(row.data), self._process.clock.now()
        try:
            kept = kept_of(self._process, row)
            identity = await connector.complete(parameters, kept)
        except Refused as refusal:
            await self._refuse(name, refusal.reason, refusal.detail, going)
        identity = replace(identity, auth_time=long_ago(identity, kept))
        try:
            return await self._arrived(way, identity, going, browser, set_out_at)
        except UpstreamSignInRefused as refusal:
            await self._refuse(name, refusal.reason, refusal.seen, going)

    async def unread(self, name: str, reason: str, detail: str) -> NoReturn:
        """Refuse an answer of which nothing can be read.

        Args:
            name: Of the connection that it came to.
            reason: One word.
            detail: What is wrong with it; nothing of what it says.

        Raises:
            ConnectionNotFound: There is none of this name, or it is off.
            UpstreamSignInRefused: Nobody is signed in by this.
        """
        await self._leading(name)
        await self._refuse(name, reason, detail, Going())

    async def _leading(self, name: str) -> tuple[Way, "RedirectConnector"]:
        """Return a connection that leads people away."""
        from app.upstreams.password import PasswordConnector

        way = await self._connections.find(name)
        if way is None or isinstance(way.connector, PasswordConnector):
            raise ConnectionNotFound
        return way, way.connector

    async def _used_up(self, way: Way, state: str, browser: Browser) -> OneTimeToken:
        """Use up what was remembered, by one statement, for the browser that began."""
        read = self._process.secret_key.read_one_time_token
        token_id = read(Purpose.UPSTREAM_SIGN_IN, state)
        if token_id is None:
            await self._refuse(way.name, "wrong_state", "no state of ours", Going())
        found, why = None, ""
        async with self._process.unit_of_work() as uow:
            tokens, now = uow.one_time_tokens, uow.clock.now()
            row = await tokens.peek(token_id, Purpose.UPSTREAM_SIGN_IN, now)
            if row is None:
                why = "used, or too old"
            elif row.subject != way.id.hex:
                why = "begun with another connection"
            elif not is_of(self._process, row, browser):
                why = "begun in another browser"
            else:
                found = await tokens.consume(token_id, Purpose.UPSTREAM_SIGN_IN, now)
                why = "used in the same moment"
        if found is None:
            await self._refuse(way.name, "wrong_state", why, Going())
        return found

    async def arrived(
        self,
        way: Way,
        identity: "UpstreamIdentity",
        going: Going,
        browser: Browser,
        set_out_at: datetime,
        password_hash: str | None = None,
    ) -> Arrival:
        """Sign in who was proven to be somebody elsewhere; all else as ``complete``.

        Args:
            way: The connection.
            identity: Who they are there.
            going: What for.
            browser: Whose.
            set_out_at: When the other side was asked.
            password_hash: Of the password that is the account's own from now on.

        Raises:
            UpstreamSignInRefused: Nobody is signed in by this; the reason is in the
                audit trail.
        """
        try:
            return await self._arrived(
                way, identity, going, browser, set_out_at, password_hash
            )
        except UpstreamSignInRefused as refusal:
            await self._refuse(way.name, refusal.reason, refusal.seen, going)

    async def _arrived(
        self,
        way: Way,
        identity: "UpstreamIdentity",
        going: Going,
        browser: Browser,
        set_out_at: datetime,
        password_hash: str | None = None,
    ) -> Arrival:
        if going.user_id is not None:
            await self._link(way, identity, going, browser)
            return Arrival(going, is_linked=True)
        is_known = await self._is_known(way, identity)
        admitted = is_known or await admit_mail(self._process, identity)
        try:
            async with self._process.unit_of_work() as uow:
                judged = await self._find(uow, way, identity, going, browser, admitted)
                keep_password(uow, self._process, way, judged, password_hash)
        except IntegrityError as error:
            raise UpstreamSignInRefused("changed_meanwhile", "it came twice") from error
        found, refusal = judged.found, judged.refusal
        if judged.link:
            return Arrival(going, link=judged.link)
        if refusal is not None and not found.is_new:
            if refusal in TOLD:
                return Arrival(going, refusal=TOLD[refusal]())
            raise UpstreamSignInRefused(refusal)
        if found.user is None or found.identity_id is None or refusal is not None:
            return Arrival(going)  # whoever reads their mail goes on
        return await self._signed_in(way, identity, judged, going, browser, set_out_at)

    async def _signed_in(
        self,
        way: Way,
        identity: "UpstreamIdentity",
        judged: Judged,
        going: Going,
        browser: Browser,
        set_out_at: datetime,
    ) -> Arrival:
        """Begin the session of somebody whose account is known."""
        # Of now, and not of when they left: what is believed may have been taken back.
        policy, found = judged.policy, judged.found
        assert found.user is not None and found.identity_id is not None
        groups = by_dn(policy) if is_directory(way) else policy
        await follow_groups(self._process, found.user.id, groups, identity.claims)
        if found.is_new:
            identity = replace(identity, auth_time=None)
        came = came_by(
            self._process, way, found.identity_id, identity, set_out_at, policy
        )
        what = replace(proven(policy, identity), came_by=came)
        told = expiring(way.name, found.user.id, identity, self._process.clock.now())
        try:
            started = await SignInService(self._process).browser_proven(
                found.user, what, held_by(browser), browser.remembered
            )
        except MfaRequired as required:
            return Arrival(going, required=required, expiring=told)
        except InvalidCredentials as error:
            raise UpstreamSignInRefused("changed_meanwhile", error.hint) from error
        return Arrival(going, started, expiring=told)

    async def _find(
        self,
        uow: UnitOfWork,
        way: Way,
        identity: "UpstreamIdentity",
        going: Going,
        browser: Browser,
        admitted: bool,
    ) -> Judged:
        """Return whose account it is; evidence of a refusal is stored with it."""
        connection = await uow.connections.shared(way.id)
        if connection is None or connection.settings != way.settings:
            raise UpstreamSignInRefused(
                "changed_meanwhile", "the connection is another"
            )
        accounts = UpstreamAccountService(uow, self._process, connection)
        found = await accounts.find(identity, going.begun_at, admitted=admitted)
        if found.must_prove:
            link = await self._wait(uow, way, identity, browser)
            return Judged(found, connection.policy, link=link)
        if found.user is None:
            return Judged(found, connection.policy)
        refusal = self._refusal(found.user)
        if refusal is None:
            await follow_profile(uow, found.user, connection.policy, identity.claims)
        elif not found.is_new:
            uow.record(SignInFailed(user_id=found.user.id, reason=refusal))
        return Judged(found, connection.policy, refusal)

    def _refusal(self, user: User) -> Refusal | None:
        must_verify = self._process.settings.registration_mode != "open"
        return refusal_of(user, must_verify=must_verify)

    async def _is_known(self, way: Way, identity: "UpstreamIdentity") -> bool:
        async with self._process.unit_of_work(read_only=True) as uow:
            row = await uow.upstream_identities.by_subject(way.id, identity.subject)
        return row is not None

    async def _wait(
        self, uow: UnitOfWork, way: Way, identity: "UpstreamIdentity", browser: Browser
    ) -> str:
        """Remember who came until they prove an account; return the secret of it."""
        token = await OneTimeTokenService(uow, self._process).issue(
            Purpose.UPSTREAM_LINK,
            subject=way.id.hex,
            ttl=LINK_TTL,
            data={
                "browser": mark_of(self._process, browser),
                "who": identity.subject,
                "claims": kept_claims(identity),
                "asked": settings_mark(way.settings),
            },
        )
        return self._process.secret_key.one_time_token(Purpose.UPSTREAM_LINK, token.id)

    async def _link(
        self, way: Way, identity: "UpstreamIdentity", going: Going, browser: Browser
    ) -> None:
        """Connect the account that somebody is signed in to with who they are there.

        Raises:
            UpstreamSignInRefused: It is somebody else's, or nobody is signed in.
        """
        here = browser.current
        if here is None or here.user_id != going.user_id:
            raise UpstreamSignInRefused("changed_meanwhile", "another is signed in")
        await connect(
            self._process,
            way.id,
            here,
            identity.subject,
            kept_claims(identity),
            settings_mark(way.settings),
        )

    async def _refuse(
        self, name: str, reason: str, detail: str, going: Going
    ) -> NoReturn:
        """Leave the true reason under the reference of the page."""
        await leave_evidence(self._process, name, reason, detail)
        raise UpstreamSignInRefused(str(reason), detail, going.flow, going.section)
