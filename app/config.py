"""Settings: the one place that reads the environment.

Every name has the prefix ``AUTH_SERVE_``; ``__`` stands between levels. Durations are
seconds. ``docs/configuration.md`` and ``.env.example`` are generated from here.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from app.database_settings import DatabaseSettings
from app.env_file import EnvironmentRefused
from app.environment import explain, known_settings, nested, read_environment
from app.factor_settings import MfaSettings, PasskeySettings
from app.limit_settings import LimitSettings
from app.mcp_settings import McpSettings
from app.personal_token_settings import PersonalTokenSettings
from app.resource_settings import DeclaredResources
from app.retention_settings import RetentionSettings
from app.setting_groups import (
    AdminSettings,
    EmailCodeSettings,
    EmailSettings,
    OAuthSettings,
    OneTimeSettings,
    OutboundSettings,
    PasswordSettings,
    SessionSettings,
    SmtpSettings,
    TokenSettings,
)
from app.setting_types import (
    DatabaseUrl,
    Issuer,
    LogLevel,
    Proxies,
    ValkeyUrl,
    origin_of,
    weakness,
)
from app.signing_settings import Pkcs11Settings
from app.telemetry_settings import MetricsSettings, TracesSettings
from app.theme_settings import ThemeSettings
from app.typed_text import is_special_use

PREFIX = "AUTH_SERVE_"
_ENV_FILE = Path(".env")


class SettingsError(Exception):
    """The environment does not make a safe configuration; the text names no value."""


class Settings(BaseSettings):
    """Everything an operator may change; docs/configuration.md is generated from it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        validate_default=True,
    )

    environment: Literal["development", "production"] = Field(
        "development", description="Production refuses what is unsafe."
    )
    public_url: Issuer = Field(
        "http://localhost:8000",
        description="The issuer; every link starts with it. It may have a path, as "
        "`https://example.com/auth` has (docs/operations.md, Under a path).",
    )
    mail_templates: Path | None = Field(
        None,
        description="Folder with texts of mails in place of ours (docs/mails.md). "
        "`auth-serve mail check-templates` looks at them.",
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
    secret_key_second: SecretStr | None = Field(
        None,
        description="Only while the secret key is rotated: the other one of the old "
        "and the new key. What it made is read; docs/operations.md.",
    )
    secrets_dir: Path | None = Field(
        None,
        description="Folder of files called as secrets here are, in any case, each "
        "with its value (`auth_serve_secret_key`); docs/operations.md.",
    )
    registration: Literal["open", "verified", "invite", "closed"] | None = Field(
        None,
        description="Who may register; unset: `open` in development, else `verified`.",
    )
    valkey_url: ValkeyUrl | None = Field(
        None, description="`redis://host:6379/0`; optional."
    )
    trusted_proxies: Proxies = Field(
        [],
        description="Addresses and networks whose word on the client's address counts; "
        "`unix` for a Unix socket.",
    )
    forwarded_header: Literal["x-forwarded-for", "forwarded"] | None = Field(
        None,
        description="The header field that they set; unset: either, and none where "
        "both are there and say different things.",
    )
    docs: bool | None = Field(
        None, description="Serve `/docs` and `/openapi.json`; unset: development only."
    )
    demo: bool | None = Field(
        None, description="Serve the demo application `/demo`; unset: development only."
    )
    resources: DeclaredResources = Field(
        [],
        description="APIs that tokens are asked for by name (docs/resources.md), as "
        'JSON: `[{"identifier": "https://api.example", "scopes": {"read": "See"}}]`.',
    )
    log_level: LogLevel = Field("INFO", description="What is worth a line.")
    log_format: Literal["json", "human"] | None = Field(
        None, description="How a line is written; unset: human in development only."
    )
    jobs: bool = Field(True, description="Run the worker (mail, janitor, keys) here.")
    max_connections: int = Field(
        900, ge=1, description="Open connections per process; past it, a 503."
    )
    keep_alive: int = Field(
        130,
        ge=1,
        le=3_600,
        description="Seconds that a connection waits for its next request: more than "
        "the proxy in front, or what that sends while the connection closes is lost. "
        "At most 5 while three of four connections are in use.",
    )
    max_streams: int = Field(
        20,
        ge=1,
        description="Streams and exports of the audit trail at once per process; "
        "past it, a 429. Of one caller a seventh of them.",
    )
    stop_delay: float | None = Field(
        None,
        ge=0,
        le=300,
        description="Seconds at SIGTERM in which readiness is red and connections are "
        "still accepted; unset: 5 in production, else 0.",
    )
    admin: AdminSettings = AdminSettings()
    database: DatabaseSettings = DatabaseSettings()
    email: EmailSettings = EmailSettings()
    email_code: EmailCodeSettings = EmailCodeSettings()
    metrics: MetricsSettings = MetricsSettings()
    mfa: MfaSettings = MfaSettings()
    limits: LimitSettings = LimitSettings()
    mcp: McpSettings = McpSettings()
    oauth: OAuthSettings = OAuthSettings()
    one_time: OneTimeSettings = OneTimeSettings()
    outbound: OutboundSettings = OutboundSettings()
    passkey: PasskeySettings = PasskeySettings()
    password: PasswordSettings = PasswordSettings()
    pkcs11: Pkcs11Settings = Pkcs11Settings()
    personal_tokens: PersonalTokenSettings = PersonalTokenSettings()
    retention: RetentionSettings = RetentionSettings()
    session: SessionSettings = SessionSettings()
    smtp: SmtpSettings = SmtpSettings()
    theme: ThemeSettings = ThemeSettings()
    token: TokenSettings = TokenSettings()
    traces: TracesSettings = TracesSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what `load_settings` has read, and look nowhere else."""
        return (init_settings,)

    @property
    def is_production(self) -> bool:
        """Tell whether unsafe choices are refused."""
        return self.environment == "production"

    @property
    def names_address(self) -> bool:
        """Tell whether somebody chose the public address."""
        return "public_url" in self.model_fields_set

    def served_at(self, address: str) -> "Settings":
        """Return these settings with links that lead there, if nobody named a place.

        Args:
            address: What is known of where the service listens; still nobody's choice.
        """
        if self.names_address:
            return self
        chosen = {name: getattr(self, name) for name in type(self).model_fields}
        values = {**chosen, "public_url": address}
        return type(self).model_construct(
            _fields_set={*self.model_fields_set}, **values
        )

    @property
    def registration_mode(self) -> Literal["open", "verified", "invite", "closed"]:
        """Who may register, with the default of the environment."""
        return self.registration or ("verified" if self.is_production else "open")

    @property
    def client_registration(self) -> Literal["off", "token", "open"]:
        """Who may register clients; MCP wants anybody, where nothing else is said."""
        is_said = "registration" in self.oauth.model_fields_set
        return "open" if self.mcp.enabled and not is_said else self.oauth.registration

    @property
    def client_documents(self) -> bool:
        """Whether clients may be known by the address of their metadata."""
        chosen = self.oauth.client_documents
        return self.mcp.enabled if chosen is None else chosen

    @property
    def service_name(self) -> str:
        """Return what people know the service as: the name on its pages.

        Where an operator gave them none, it is the name that mails come from.
        """
        named = "name" in self.theme.model_fields_set
        return self.theme.name if named else self.smtp.sender_name

    @property
    def public_host(self) -> str:
        """The name of the host in the public URL, in lower case and without a port."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def passkey_domain(self) -> str:
        """The relying party's id (WebAuthn Level 3 section 5.1.2)."""
        return self.passkey.rp_id or self.public_host

    @property
    def passkey_origins(self) -> tuple[str, ...]:
        """Where pages may be that ask for passkeys, as browsers write it."""
        return origin_of(self.public_url), *self.passkey.origins

    @property
    def accepts_while_stopping(self) -> float:
        """Seconds that whoever sends requests here has to look elsewhere."""
        chosen = self.stop_delay
        return (5.0 if self.is_production else 0.0) if chosen is None else chosen

    @property
    def signing_algorithms(self) -> tuple[str, ...]:
        """What tokens are signed with: access tokens, and what clients choose."""
        names = (self.token.algorithm, *self.oauth.id_token_algorithms)
        return tuple(dict.fromkeys(names))

    @property
    def serves_docs(self) -> bool:
        """Tell whether the API's own documentation is public."""
        return not self.is_production if self.docs is None else self.docs

    @property
    def serves_demo(self) -> bool:
        """Tell whether there is a demo application."""
        return not self.is_production if self.demo is None else self.demo

    @property
    def keeps_mails(self) -> bool:
        """Tell whether mails are shown at ``/dev/mailbox`` instead of sent."""
        return not self.is_production and self.smtp.url is None

    @property
    def logs_for_people(self) -> bool:
        """Tell whether the log is text, and not JSON."""
        chosen = self.log_format
        return not self.is_production if chosen is None else chosen == "human"

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
    for name in ("secret_key", "secret_key_second"):
        secret: SecretStr | None = getattr(settings, name)
        if secret is not None and (problem := weakness(secret.get_secret_value())):
            yield f"{PREFIX}{name.upper()} {problem}"
    if settings.admin.email and not settings.email.special_use_domains:
        if is_special_use(settings.admin.email):
            yield f"{PREFIX}ADMIN__EMAIL is what EMAIL__SPECIAL_USE_DOMAINS forbids"
    host = settings.public_host
    domain = settings.passkey_domain
    is_above = "." in domain and host.endswith(f".{domain}")
    if domain != host and not is_above:
        yield f"{PREFIX}PASSKEY__RP_ID is neither the host of PUBLIC_URL nor above it"
    if settings.limits.store == "valkey" and settings.valkey_url is None:
        yield f"{PREFIX}LIMITS__STORE=valkey demands {PREFIX}VALKEY_URL"
    yield from _token_problems(settings)


def _token_problems(settings: Settings) -> Iterable[str]:
    module, chosen = settings.pkcs11.module, settings.pkcs11
    for name, value in (("TOKEN", chosen.token), ("PIN", chosen.pin)):
        if module is not None and value is None:
            yield f"{PREFIX}PKCS11__MODULE demands {PREFIX}PKCS11__{name}"
    if settings.token.key_store == "pkcs11" and module is None:
        yield f"{PREFIX}TOKEN__KEY_STORE=pkcs11 demands {PREFIX}PKCS11__MODULE"


def _production_problems(settings: Settings) -> Iterable[str]:
    if settings.secret_key is None:
        yield f"{PREFIX}SECRET_KEY is demanded in production"
    if not settings.public_url.startswith("https://"):
        yield f"{PREFIX}PUBLIC_URL must be https in production"
    if settings.smtp.url is None:
        yield f"{PREFIX}SMTP__URL is demanded in production"
    if "sender" not in settings.smtp.model_fields_set:
        yield f"{PREFIX}SMTP__SENDER is demanded in production"


def _refuse_other_database(values: Mapping[str, str]) -> None:
    """Refuse to begin with an empty file where the platform gives a database.

    Nor is it taken: in a shell or a file that is shared it is another program's.
    """
    is_production = values.get(f"{PREFIX}ENVIRONMENT") == "production"
    name = f"{PREFIX}DATABASE_URL"
    if is_production and name not in values and os.environ.get("DATABASE_URL"):
        raise EnvironmentRefused(
            f"DATABASE_URL is set and {name} is not, which alone is read; start with "
            f'{name}="$DATABASE_URL"'
        )


def load_settings(env_file: Path | None = _ENV_FILE) -> Settings:
    """Read the environment and, for what it does not say, a ``.env`` file.

    An empty value is none.

    Raises:
        SettingsError: A name is unknown, or a value is missing or unsafe.
    """
    if env_file is not None and not env_file.is_file():
        env_file = None
    try:
        values = read_environment(
            os.environ, env_file, PREFIX, known_settings(Settings, PREFIX)
        )
        _refuse_other_database(values)
        return Settings(**nested(values, PREFIX))
    except EnvironmentRefused as refusal:
        raise SettingsError(str(refusal)) from None
    except ValidationError as error:
        raise SettingsError(explain(error, PREFIX)) from None
