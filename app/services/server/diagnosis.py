"""What an operator asks first when it does not work: each part, and what to do."""

import asyncio
import ipaddress
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app.config import PREFIX, Settings
from app.core.circuit_breaker import CircuitBreakers, CircuitOpen
from app.core.outbound import OutboundClient, OutboundFailed, OutboundRefused
from app.core.signing.signer import SigningUnavailable
from app.database_errors import DatabaseUnavailable
from app.repositories.schema import SCHEMA_REVISION, SchemaRepository, is_behind
from app.repositories.statements.write_probe import WriteProbe
from app.services.process.process import Process
from app.services.server.schema import HOW_TO_UPGRADE
from app.services.server.signing_key import KeysUnreadable, SigningKeyService
from app.services.server.startup import why_unusable

PATIENCE = 10.0  # seconds for one part
SKEW = timedelta(seconds=2)
Status = Literal["ok", "warning", "failed", "skipped"]
_NO_WRITES = {
    "disk_full": "make room on its disk, or its log's; nothing has to be restarted",
    "read_only": "it is a standby or was told to be: lead the service to the primary",
}
_MAKING = "a worker makes it within a minute; where none runs, restart one process"
_NAMED = 5  # clients in one line
_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen of one part; ``advice`` is empty where nothing is to be done."""

    part: str
    status: Status
    seen: str
    advice: str = ""


class DiagnosisService:
    """Looks at everything that the service leans on; it changes nothing.

    But for a row that readiness writes as well: what takes no writes reads on happily.
    """

    def __init__(self, process: Process, write_probe: WriteProbe) -> None:
        """Look with these parts and settings."""
        self._process = process
        self._write_probe = write_probe

    async def findings(self) -> list[Finding]:
        """Return one finding for each part, whatever happens in it."""
        parts: dict[str, Callable[[], Awaitable[Finding]]] = {
            "configuration": self._configuration,
            "database": self._database,
            "keys": self._keys,
            "owners": self._owners,
            "mail": self._mail,
            "valkey": self._valkey,
            "proxy": self._proxy,
            "clock": self._clock,
        }
        return [await _guarded(part, look) for part, look in parts.items()]

    async def _configuration(self) -> Finding:
        settings = self._process.settings
        named = "served as" if settings.names_address else "last known at"
        seen = f"{settings.environment}, {named} {settings.public_url}"
        doubts = _doubts(settings)
        if doubts:
            return Finding("configuration", "warning", seen, "; ".join(doubts))
        return Finding("configuration", "ok", seen)

    async def _database(self) -> Finding:
        database = self._process.database
        kind = "SQLite" if database.is_sqlite else "PostgreSQL"
        repository = SchemaRepository(database)
        try:
            found = await repository.revision()
        except (SQLAlchemyError, DatabaseUnavailable, OSError) as error:
            advice = why_unusable(error)
            return Finding("database", "failed", f"{kind} does not answer", advice)
        seen = f"{kind}, schema {found or 'none'}"
        if is_behind(found):
            advice = f"schema {SCHEMA_REVISION} is needed; run: {HOW_TO_UPGRADE}"
            return Finding("database", "failed", seen, advice)
        if found != SCHEMA_REVISION:
            advice = f"this release knows {SCHEMA_REVISION}; upgrade it soon"
            return Finding("database", "warning", seen, advice)
        if (flaw := await self._write_probe.flaw()) is not None:
            seen = f"{seen}, takes no writes: {flaw}"
            return Finding("database", "failed", seen, _NO_WRITES.get(flaw, ""))
        if not database.is_sqlite and not await repository.has_search_index():
            return Finding("database", "ok", f"{seen}, searches read all accounts")
        return Finding("database", "ok", seen)

    async def _keys(self) -> Finding:
        try:
            async with self._process.unit_of_work(read_only=True) as uow:
                sealing = await uow.kept_keys.sealing()
                if (missing := self._missing(sealing)) is not None:
                    return missing
                keys = await SigningKeyService(self._process).list_published(uow)
        except KeysUnreadable as error:
            return Finding("keys", "failed", "they cannot be read", str(error))
        except (SQLAlchemyError, DatabaseUnavailable, OSError):
            return Finding("keys", "skipped", "the database has them")
        if not keys:
            return Finding("keys", "warning", "none yet", "the first start makes them")
        seen, known = f"{len(keys)} published", {key.algorithm for key in keys}
        lacking = sorted(set(self._process.settings.signing_algorithms) - known)
        if lacking:
            seen = f"{seen}, none for {', '.join(lacking)}"
            return Finding("keys", "failed", seen, _MAKING)
        try:
            for store in self._process.key_stores.values():
                await store.check()
        except SigningUnavailable as error:
            return Finding("keys", "failed", f"{seen}, some in a token", error.hint)
        return self._rotation(sealing) or Finding("keys", "ok", seen)

    def _missing(self, sealing: Sequence[str]) -> Finding | None:
        """Say which secret key is needed and not given: nothing can be opened."""
        marks = self._process.secret_key.marks
        missing = [mark for mark in sealing if mark not in marks]
        if not missing:
            return None
        seen = f"a secret key is missing: {', '.join(missing)}"
        advice = f"give it as {PREFIX}SECRET_KEY_SECOND, and run: key reseal"
        return Finding("keys", "failed", seen, advice)

    def _rotation(self, sealing: Sequence[str]) -> Finding | None:
        """Say what is still to be done about a secret key that is rotated."""
        if len(sealing) > 1:
            advice = f"run: key reseal; then take {PREFIX}SECRET_KEY_SECOND away"
            return Finding("keys", "warning", "the secret key is rotated", advice)
        if len(self._process.secret_key.marks) > 1:
            advice = "go on as docs/operations.md says, Rotating the secret key"
            return Finding("keys", "warning", "two secret keys are set", advice)
        return None

    async def _owners(self) -> Finding:
        """Look for programs that run, and that nobody answers for any more."""
        try:
            async with self._process.unit_of_work(read_only=True) as uow:
                clients = await uow.oauth_clients.forsaken(_NAMED + 1)
        except (SQLAlchemyError, DatabaseUnavailable, OSError):
            return Finding("owners", "skipped", "the database has them")
        if not clients:
            return Finding("owners", "ok", "each named owner has an active account")
        names = [each.client_id for each in clients[:_NAMED]]
        rest = " and more" if len(clients) > _NAMED else ""
        seen = f"disabled or deleted, of: {', '.join(names)}{rest}"
        advice = "name others: client update CLIENT_ID --owner ADDRESS"
        return Finding("owners", "warning", seen, advice)

    async def _mail(self) -> Finding:
        smtp = self._process.settings.smtp
        if smtp.url is None:
            advice = f"set {PREFIX}SMTP__URL to send them"
            return Finding("mail", "warning", "mails stay in /dev/mailbox", advice)
        import aiosmtplib  # here: a third of a megabyte that nobody else needs

        from app.services.server.smtp_address import SmtpAddress, describe, open_smtp

        has_ca = smtp.ca_file is not None
        address = SmtpAddress.parse(
            smtp.url.get_secret_value(), has_ca=has_ca, is_plain=smtp.allow_plaintext
        )
        client = open_smtp(address, ca_file=smtp.ca_file, timeout=smtp.timeout)
        seen = f"{address.host}:{address.port}"
        try:
            await client.connect()
            await client.quit()
        except (aiosmtplib.SMTPException, OSError) as error:
            return Finding("mail", "failed", f"{seen} refuses", describe(error))
        finally:
            client.close()
        return Finding("mail", "ok", f"{seen} lets us in; try: mail test ADDRESS")

    async def _valkey(self) -> Finding:
        url = self._process.settings.valkey_url
        if url is None:
            return Finding("valkey", "skipped", "none is named; SQL counts attempts")
        from redis.asyncio import Redis
        from redis.exceptions import RedisError

        client = Redis.from_url(url.get_secret_value(), socket_timeout=PATIENCE / 2)
        try:
            seconds, micros = await client.time()
        except (RedisError, OSError) as error:
            advice = f"look at {PREFIX}VALKEY_URL; until then SQL counts attempts"
            return Finding("valkey", "failed", type(error).__name__, advice)
        finally:
            await client.aclose()
        there = datetime.fromtimestamp(int(seconds) + int(micros) / 1e6, UTC)
        return self._compared("valkey", there, "answers")

    async def _proxy(self) -> Finding:
        """Ask the service by its public address, as an application would."""
        settings = self._process.settings
        address = f"{settings.public_url}/.well-known/openid-configuration"
        parts = urlsplit(settings.public_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        client = OutboundClient(
            CircuitBreakers(self._process.clock),
            allowed_hosts=frozenset({f"{parts.hostname}:{port}"}),
            ca_file=settings.outbound.ca_file,
        )
        try:
            answer = await client.get(address)
            issuer = json.loads(answer.body)["issuer"]
        except (OutboundFailed, OutboundRefused, CircuitOpen) as error:
            advice = "start the service, and lead this address to it"
            return Finding("proxy", "warning", f"no answer: {error}", advice)
        except (ValueError, KeyError, TypeError):
            advice = "something else is served there"
            return Finding("proxy", "failed", f"{address} is not ours", advice)
        finally:
            await client.close()
        if issuer != settings.public_url:
            advice = f"its {PREFIX}PUBLIC_URL has to be {settings.public_url}"
            return Finding("proxy", "failed", f"the issuer there is {issuer}", advice)
        return Finding("proxy", "ok", f"{settings.public_url} leads here")

    async def _clock(self) -> Finding:
        database = self._process.database
        if database.is_sqlite:
            return Finding("clock", "ok", "SQLite has the clock of this machine")
        try:
            async with database.session(read_only=True) as db:
                there: datetime = (await db.execute(select(func.now()))).scalar_one()
        except (SQLAlchemyError, DatabaseUnavailable, OSError):
            return Finding("clock", "skipped", "the database has the other one")
        return self._compared("clock", there, "agrees with the database's")

    def _compared(self, part: str, there: datetime, seen: str) -> Finding:
        """Compare a clock with ours."""
        skew = abs(there - self._process.clock.now())
        if skew <= SKEW:
            return Finding(part, "ok", seen)
        advice = "let NTP set the clocks of all machines; limits and links go by them"
        shown = f"the clock there differs by {skew.total_seconds():.0f} s"
        return Finding(part, "failed", shown, advice)


async def _guarded(part: str, look: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE):
            return await look()
    except TimeoutError:
        return Finding(part, "failed", f"no answer in {PATIENCE:.0f} s")
    except Exception as error:  # one part must not hide the others
        return Finding(part, "failed", type(error).__name__, "this is a defect of ours")


def _doubts(settings: Settings) -> list[str]:
    """Return what is allowed and seldom meant."""
    doubts = []
    host = settings.public_host
    is_behind_proxy = settings.public_url.startswith("https://")
    if is_behind_proxy and not settings.trusted_proxies:
        doubts.append(
            f"{PREFIX}TRUSTED_PROXIES is empty: every client looks like the proxy"
        )
    if not settings.is_production and host not in _LOCAL and not _is_private(host):
        doubts.append(f"{PREFIX}ENVIRONMENT is development at a public address")
    if settings.is_production and settings.serves_docs:
        doubts.append(f"{PREFIX}DOCS shows the API's document to everybody")
    return doubts


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".test", ".localhost", ".internal"))
