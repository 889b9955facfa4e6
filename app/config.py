"""Settings: the one place that reads the environment.

Every name has the prefix ``AUTH_SERVE_``; ``__`` stands between levels. Durations are
seconds. ``docs/configuration.md`` and ``.env.example`` are generated from here.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
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
from app.environment import Known, explain, read_environment
from app.factor_settings import MfaSettings, PasskeySettings
from app.limit_settings import LimitSettings
from app.mcp_settings import McpSettings
from app.personal_token_settings import PersonalTokenSettings
from app.resource_settings import DeclaredResources
from app.setting_groups import (
    AdminSettings,
    EmailCodeSettings,
    EmailSettings,
    OAuthSettings,
    OneTimeSettings,
    OutboundSettings,
    PasswordSettings,
    RetentionSettings,
    SessionSettings,
    SmtpSettings,
    TokenSettings,
)
from app.setting_problems import problems_of, production_problems_of
from app.setting_types import PREFIX as PREFIX
from app.setting_types import (
    DatabaseUrl,
    Issuer,
    LogLevel,
    Proxies,
    ValkeyUrl,
    origin_of,
)
from app.signing_settings import Pkcs11Settings
from app.telemetry_settings import MetricsSettings, TracesSettings
from app.theme_settings import ThemeSettings

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
    def passkey_domain(self) -> str:
        """The relying party's id (WebAuthn Level 3 section 5.1.2)."""
        return self.passkey.rp_id or urlsplit(self.public_url).hostname or ""

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
        problems = [*problems_of(self)]
        if self.is_production:
            problems += production_problems_of(self)
        if problems:
            raise ValueError("; ".join(problems))
        return self


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


def _known(model: type[BaseModel] = Settings, prefix: str = PREFIX) -> dict[str, Known]:
    """Return what is known of every setting, by its environment variable."""
    known: dict[str, Known] = {}
    for name, field in model.model_fields.items():
        full, kind = f"{prefix}{name}".upper(), field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            known |= _known(kind, f"{full}__")
            continue
        parts = [kind, *get_args(kind)]
        words = [get_args(part) for part in parts if get_origin(part) is Literal]
        is_secret = any(
            part is SecretStr or SecretStr in get_args(part) for part in parts
        )
        is_free = is_secret and not full.endswith("_URL")
        known[full] = Known(is_secret, is_free, words[0] if words else ())
    return known


def _nested(values: Mapping[str, str]) -> dict[str, Any]:
    """Return values by group, as the model has them."""
    nested: dict[str, Any] = {}
    for name, value in values.items():
        *groups, last = name.removeprefix(PREFIX).lower().split("__")
        place = nested
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return nested


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
        values = read_environment(os.environ, env_file, PREFIX, _known())
        _refuse_other_database(values)
        return Settings(**_nested(values))
    except EnvironmentRefused as refusal:
        raise SettingsError(str(refusal)) from None
    except ValidationError as error:
        raise SettingsError(explain(error, PREFIX)) from None
