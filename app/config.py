"""Settings: the one place that reads the environment.

Every name has the prefix ``AUTH_SERVE_``; ``__`` stands between levels. Durations are
seconds. ``docs/configuration.md`` and ``.env.example`` are generated from here.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.environment import EnvironmentRefused, check_environment, explain
from app.setting_types import (
    CaFile,
    DatabaseUrl,
    HttpUrl,
    Issuer,
    Names,
    Proxies,
    Rate,
    Seconds,
    SmtpUrl,
    ValkeyUrl,
)

PREFIX = "AUTH_SERVE_"
MINUTE, HOUR, DAY = 60, 3_600, 86_400
_MAX_HASHING_WORK = 1 << 22  # KiB times passes: about five seconds
_ENV_FILE = Path(".env")
_PLACEHOLDERS = ("changeme", "change-me", "change_me", "secret", "password", "example")


class SettingsError(Exception):
    """The environment does not make a safe configuration; the text names no value."""


class Group(BaseModel):
    """Settings of one capability."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class DatabaseSettings(Group):
    """How the connections to the database behave."""

    pool_size: int = Field(15, ge=1, description="Connections kept open per process.")
    pool_overflow: int = Field(
        0, ge=0, description="Connections more under load; each is opened anew."
    )
    pool_timeout: float = Field(
        2.0, gt=0, description="Seconds to wait for a connection before a 503."
    )
    statement_timeout: Seconds = Field(10, description="Seconds a statement may take.")
    prepared_statements: bool = Field(
        True, description="False behind a pooler in transaction mode, as PgBouncer."
    )
    migrate: bool | None = Field(
        None,
        description="Bring the schema up to date at start; "
        "unset: in development only. Production runs `alembic upgrade head`.",
    )


class PasswordSettings(Group):
    """What passwords must be, and what a hash costs."""

    memory_cost: int = Field(
        19_456, ge=19_456, le=1 << 20, description="Argon2id memory in KiB."
    )
    time_cost: int = Field(2, ge=2, description="Argon2id passes.")
    parallelism: int = Field(1, ge=1, le=16, description="Argon2id lanes.")
    min_length: int = Field(8, ge=8, le=64, description="Code points after NFC.")
    context_words: Names = Field(
        [], description="Names of your product and firm, refused as passwords."
    )
    breach_check: bool = Field(
        False, description="Ask the breach range API (k-anonymity) as well."
    )
    breach_url: HttpUrl = Field(
        "https://api.pwnedpasswords.com", description="Where that API is."
    )
    devise_pepper: SecretStr | None = Field(
        None, description="`config.pepper` of the Devise that hashes came from."
    )
    hashing_threads: int | None = Field(
        None, ge=1, description="Threads that hash; unset: one per core."
    )
    hashing_queue: int = Field(
        64, ge=1, description="Hashes that may wait; past it the answer is 503."
    )

    @model_validator(mode="after")
    def _refuse_costly(self) -> Self:
        if self.memory_cost * self.time_cost > _MAX_HASHING_WORK:
            raise ValueError("MEMORY_COST times TIME_COST makes a sign-in too costly")
        return self


class TokenSettings(Group):
    """Access tokens and the keys that sign them."""

    access_ttl: int = Field(
        5 * MINUTE, ge=30, le=HOUR, description="Life of an access token."
    )
    algorithm: Literal["ES256", "RS256", "PS256"] = Field(
        "ES256", description="Signature of access tokens."
    )
    key_ttl: int = Field(
        90 * DAY, ge=DAY, description="A key signs this long, then the next one does."
    )
    key_announce_ttl: int = Field(
        DAY, ge=HOUR, description="A key is published this long before it signs."
    )


class SessionSettings(Group):
    """How long a sign-in lasts."""

    idle_ttl: Seconds = Field(14 * DAY, description="Ends when unused this long.")
    absolute_ttl: Seconds = Field(90 * DAY, description="Ends this long after sign-in.")
    refresh_window: int = Field(
        10, ge=0, le=60, description="A refresh token repeated in it is a retry."
    )
    recent_ttl: Seconds = Field(
        10 * MINUTE, description="A sign-in this old still proves presence."
    )
    max_per_user: int = Field(
        100, ge=1, description="Live sessions of an account; the least used end first."
    )


class OneTimeSettings(Group):
    """Life of links and codes sent by mail."""

    verify_email_ttl: int = Field(DAY, ge=60, le=7 * DAY, description="Verification.")
    reset_password_ttl: int = Field(HOUR, ge=60, le=DAY, description="Password reset.")
    change_email_ttl: int = Field(HOUR, ge=60, le=DAY, description="New address.")
    invitation_ttl: int = Field(7 * DAY, ge=60, le=30 * DAY, description="Invitation.")
    email_code_ttl: int = Field(
        10 * MINUTE, ge=60, le=10 * MINUTE, description="Code that signs in."
    )


class EmailCodeSettings(Group):
    """Signing in with a code sent by mail."""

    enabled: bool = Field(True, description="Off: mail never signs anybody in.")


class SmtpSettings(Group):
    """Where mail goes."""

    url: SmtpUrl | None = Field(
        None,
        description="`smtp://user:password@host:587` (STARTTLS unless the "
        "host is this machine) or `smtps://host:465`. Unset: `/dev/mailbox`, in "
        "development only.",
    )
    sender: EmailStr = Field(
        "auth@localhost.localdomain",
        description="Address that mails come from. Production demands it.",
    )
    sender_name: str = Field("Auth Serve", description="Name that mails come from.")
    timeout: float = Field(10.0, gt=0, description="Seconds until a mail is retried.")
    ca_file: CaFile | None = Field(None, description="CA of the mail server.")


class LimitSettings(Group):
    """How often is too often: COUNT/SECONDS, evenly refilled."""

    store: Literal["auto", "memory", "sql", "valkey"] = Field(
        "auto", description="Where attempts are counted; auto: Valkey if named, or SQL."
    )
    sign_in_account: Rate = Field("10/600", description="Wrong passwords per account.")
    sign_in_address: Rate = Field("60/300", description="Wrong passwords per address.")
    register_address: Rate = Field("20/3600", description="Registrations per address.")
    code_account: Rate = Field("10/600", description="Typed codes per account.")
    code_address: Rate = Field("60/600", description="Typed codes per address.")
    mail_recipient: Rate = Field("5/3600", description="Mails asked for per recipient.")
    mail_address: Rate = Field("30/3600", description="Mails asked for per address.")
    profile_account: Rate = Field("60/600", description="Profile changes per account.")
    export_account: Rate = Field("5/3600", description="Exports per account.")


class OutboundSettings(Group):
    """Calls that the service makes itself."""

    allowed_hosts: Names = Field(
        [], description="Internal hosts (`host` or `host:port`) that it may reach."
    )
    ca_file: CaFile | None = Field(None, description="CA of those hosts.")


class AdminSettings(Group):
    """The first administrator, made at start when there is none."""

    email: EmailStr | None = Field(None, description="Address of the account.")
    password: SecretStr | None = Field(None, description="Its password.")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.email is None) != (self.password is None):
            raise ValueError("email and password go together")
        return self


class RetentionSettings(Group):
    """How long finished things are kept."""

    audit_ttl: int = Field(365 * DAY, ge=DAY, description="Audit events.")
    session_ttl: int = Field(30 * DAY, ge=DAY, description="Ended sessions.")
    outbox_ttl: int = Field(7 * DAY, ge=HOUR, description="Delivered messages.")


class Settings(BaseSettings):
    """Everything an operator may change; docs/configuration.md is generated from it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        validate_default=True,
    )

    environment: Literal["development", "production"] = Field(
        "development", description="Production refuses what is unsafe."
    )
    public_url: Issuer = Field(
        "http://localhost:8000", description="The issuer; every link starts with it."
    )
    database_url: DatabaseUrl = Field(
        SecretStr("sqlite:///auth_serve.db"),
        description="`sqlite:///file.db` or `postgresql://user:password@host/name`.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="At least 32 characters of chance. Production demands it; "
        "development makes one and keeps it beside the database.",
    )
    registration: Literal["open", "verified", "invite", "closed"] | None = Field(
        None,
        description="Who may register; unset: `open` in development, else `verified`.",
    )
    valkey_url: ValkeyUrl | None = Field(
        None, description="`redis://host:6379/0`; optional."
    )
    trusted_proxies: Proxies = Field(
        [], description="Addresses whose `X-Forwarded-For` counts."
    )
    docs: bool | None = Field(
        None, description="Serve `/docs` and `/openapi.json`; unset: development only."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="What is worth a line."
    )
    jobs: bool = Field(True, description="Run the worker (mail, janitor, keys) here.")
    max_connections: int = Field(
        900, ge=1, description="Open connections per process; past it, a 503."
    )
    admin: AdminSettings = AdminSettings()
    database: DatabaseSettings = DatabaseSettings()
    email_code: EmailCodeSettings = EmailCodeSettings()
    limits: LimitSettings = LimitSettings()
    one_time: OneTimeSettings = OneTimeSettings()
    outbound: OutboundSettings = OutboundSettings()
    password: PasswordSettings = PasswordSettings()
    retention: RetentionSettings = RetentionSettings()
    session: SessionSettings = SessionSettings()
    smtp: SmtpSettings = SmtpSettings()
    token: TokenSettings = TokenSettings()

    @property
    def is_production(self) -> bool:
        """Tell whether unsafe choices are refused."""
        return self.environment == "production"

    @property
    def registration_mode(self) -> Literal["open", "verified", "invite", "closed"]:
        """Who may register, with the default of the environment."""
        return self.registration or ("verified" if self.is_production else "open")

    @property
    def serves_docs(self) -> bool:
        """Tell whether the API's own documentation is public."""
        return not self.is_production if self.docs is None else self.docs

    @property
    def keeps_mails(self) -> bool:
        """Tell whether mails are shown at ``/dev/mailbox`` instead of sent."""
        return not self.is_production and self.smtp.url is None

    @property
    def migrates(self) -> bool:
        """Tell whether a start may change the schema."""
        chosen = self.database.migrate
        return not self.is_production if chosen is None else chosen

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        problems = [*_problems(self)]
        if self.is_production:
            problems += _production_problems(self)
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _problems(settings: Settings) -> Iterable[str]:
    secret = settings.secret_key
    if secret is not None and (problem := weakness(secret.get_secret_value())):
        yield f"{PREFIX}SECRET_KEY {problem}"
    if settings.limits.store == "valkey" and settings.valkey_url is None:
        yield f"{PREFIX}LIMITS__STORE=valkey demands {PREFIX}VALKEY_URL"


def weakness(secret: str) -> str | None:
    """Say why a secret key is none, or None when it may be one."""
    if len(secret.strip()) < 32:
        return "must have at least 32 characters"
    if len(set(secret)) < 10 or secret.strip().casefold().startswith(_PLACEHOLDERS):
        return "is not made by chance; try: openssl rand -base64 48"
    return None


def _production_problems(settings: Settings) -> Iterable[str]:
    if settings.secret_key is None:
        yield f"{PREFIX}SECRET_KEY is demanded in production"
    if not settings.public_url.startswith("https://"):
        yield f"{PREFIX}PUBLIC_URL must be https in production"
    if settings.smtp.url is None:
        yield f"{PREFIX}SMTP__URL is demanded in production"
    if "sender" not in settings.smtp.model_fields_set:
        yield f"{PREFIX}SMTP__SENDER is demanded in production"


def known_names(model: type[BaseModel] = Settings, prefix: str = PREFIX) -> set[str]:
    """Return every environment variable that a model reads."""
    names: set[str] = set()
    for name, field in model.model_fields.items():
        full = f"{prefix}{name}".upper()
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names |= known_names(kind, f"{full}__")
        else:
            names.add(full)
    return names


def load_settings(env_file: Path | None = _ENV_FILE) -> Settings:
    """Read the environment and, for what it does not say, a ``.env`` file.

    An empty value is none.

    Raises:
        SettingsError: A name is unknown, or a value is missing or unsafe.
    """
    if env_file is not None and not env_file.is_file():
        env_file = None
    try:
        check_environment(os.environ, env_file, PREFIX, known_names())
        return Settings(_env_file=env_file)
    except EnvironmentRefused as refusal:
        raise SettingsError(str(refusal)) from None
    except ValidationError as error:
        raise SettingsError(explain(error, PREFIX)) from None
