"""Settings by capability: the groups that ``config.Settings`` puts together."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from app.setting_types import (
    CENTURY,
    Algorithms,
    CaFile,
    DnsServers,
    Email,
    GeoipFile,
    HttpUrl,
    Names,
    PreviewHosts,
    Schemes,
    Scopes,
    Seconds,
    Sender,
    SmtpUrl,
)

MINUTE, HOUR, DAY = 60, 3_600, 86_400
_MAX_HASHING_WORK = 1 << 22  # KiB times passes: about five seconds


class Group(BaseModel):
    """Settings of one capability."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


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
    flask_security_salt: SecretStr | None = Field(
        None,
        description="`SECURITY_PASSWORD_SALT` of the Flask-Security that hashes came "
        "from.",
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
    forward_auth_ttl: int = Field(
        MINUTE,
        ge=30,
        le=HOUR,
        description="Life of the token that forward authentication hands a program.",
    )
    key_ttl: int = Field(
        90 * DAY,
        ge=DAY,
        le=CENTURY,
        description="A key signs this long, then the next one does.",
    )
    key_announce_ttl: int = Field(
        DAY,
        ge=HOUR,
        le=CENTURY,
        description="A key is published this long before it signs.",
    )
    key_store: Literal["database", "pkcs11"] = Field(
        "database",
        description="Where new keys are made: in the database, sealed under the secret "
        "key, or in the PKCS#11 token (docs/operations.md). Those that there are stay.",
    )


class SessionSettings(Group):
    """How long a sign-in lasts."""

    idle_ttl: Seconds = Field(14 * DAY, description="Ends when unused this long.")
    absolute_ttl: Seconds = Field(90 * DAY, description="Ends this long after sign-in.")
    refresh_window: int = Field(
        10,
        ge=0,
        le=60,
        description="A refresh token that comes again is no reuse this long after its "
        "successor was used, and before that at any time.",
    )
    recent_ttl: Seconds = Field(
        10 * MINUTE, description="A sign-in this old still proves presence."
    )
    geoip_file: GeoipFile | None = Field(
        None,
        description="MaxMind DB (`.mmdb`) that names region and country in mails of "
        "new sign-ins; unset: the network without its end.",
    )
    max_per_user: int = Field(
        100, ge=1, description="Live sessions of an account; the least used end first."
    )


class OAuthSettings(Group):
    """The OpenID Connect provider and OAuth 2.1 authorization server."""

    pkce: Literal["always", "pkce_or_nonce", "public_only"] = Field(
        "pkce_or_nonce",
        description="Which confidential clients must send PKCE: all, those that send "
        "no nonce, or none; public ones always must.",
    )
    registration: Literal["off", "token", "open"] = Field(
        "off",
        description="Who may register clients: nobody, holders of an initial access "
        "token (`auth-serve client registration-token`), or anybody. Unset with "
        "`AUTH_SERVE_MCP__ENABLED`: anybody.",
    )
    client_documents: bool | None = Field(
        None,
        description="Whether clients may be known by the https address of their "
        "metadata (Client ID Metadata Documents); unset: with "
        "`AUTH_SERVE_MCP__ENABLED`.",
    )
    scopes: Scopes = Field(
        {},
        description="Scopes of your APIs and what they mean to people, as JSON: "
        '`{"orders:read": "See your orders"}`.',
    )
    private_schemes: Schemes = Field(
        [],
        description="Schemes without a dot that native clients may come back to, such "
        "as `cursor` of `cursor://…`; those with a dot need no naming.",
    )
    jwt_bearer: bool = Field(
        True,
        description="Whether workloads of trusted issuers are given tokens for theirs "
        "(RFC 7523).",
    )
    preview_hosts: PreviewHosts = Field(
        [],
        description="Domains of yours for preview deployments, such as "
        "`preview.example.com`: clients may be given redirect URIs with `*` for one "
        "label below them (docs/connect.md). Every host below has to be yours.",
    )
    token_exchange: bool = Field(
        True,
        description="Whether clients exchange tokens that they were sent, as "
        "administrators let them (RFC 8693).",
    )
    id_token_algorithms: Algorithms = Field(
        ["RS256", "ES256", "PS256", "EdDSA"],
        description="Signatures that clients may choose for ID tokens; RS256 is one.",
    )
    code_ttl: int = Field(60, ge=10, le=600, description="Life of a code.")
    device_authorization: bool = Field(
        True,
        description="Let devices and command lines sign people in by a code that is "
        "typed elsewhere (RFC 8628), if they are registered for it.",
    )
    device_code_ttl: int = Field(
        15 * MINUTE,
        ge=MINUTE,
        le=HOUR,
        description="Life of a device's code, until somebody has approved it.",
    )
    revoked_tokens: Literal["off", "resource_servers", "public"] = Field(
        "resource_servers",
        description="Who may read which tokens ended before their time, at "
        "`/oauth2/revoked`: nobody, clients that are resource servers, or anybody, who "
        "then has to ask again and again and cannot wait for news.",
    )
    token_max_bytes: int = Field(
        8_192,
        ge=2_048,
        le=65_536,
        description="Bytes of JSON that a token may hold; of a larger one groups and "
        "roles are left out, and `claims_left_out` names them.",
    )
    id_token_ttl: int = Field(HOUR, ge=60, le=DAY, description="Life of an ID token.")
    flow_ttl: int = Field(
        HOUR, ge=5 * MINUTE, le=DAY, description="Life of a request that waits."
    )
    idle_ttl: Seconds = Field(
        14 * DAY, description="A refresh token ends when unused this long."
    )
    absolute_ttl: Seconds = Field(
        90 * DAY,
        description="It ends this long after consent, or with its session.",
    )
    offline_idle_ttl: Seconds = Field(
        30 * DAY, description="The same with `offline_access`, unused."
    )
    offline_absolute_ttl: Seconds = Field(
        365 * DAY, description="The same with `offline_access`, at most."
    )
    logout_by_hint: Literal["session", "client", "off"] = Field(
        "session",
        description="What an ID token ends at `/oauth2/logout` without the browser: "
        "the session, if somebody vouches for the client; what the client had; "
        "nothing.",
    )
    logout_hint_ttl: int = Field(
        14 * DAY,
        ge=0,
        le=CENTURY,
        description="How long after its issue an ID token does that.",
    )
    unused_client_ttl: int = Field(
        90 * DAY,
        ge=DAY,
        le=CENTURY,
        description="Self-registered clients unused so long go.",
    )
    never_used_client_ttl: int = Field(
        7 * DAY,
        ge=DAY,
        le=CENTURY,
        description="Self-registered clients that nobody vouches for go if never used.",
    )
    secret_overlap_ttl: int = Field(
        7 * DAY,
        ge=0,
        le=CENTURY,
        description="An old client secret lives this long beside its heir.",
    )

    @model_validator(mode="after")
    def _demand_rs256(self) -> Self:
        if "RS256" not in self.id_token_algorithms:
            raise ValueError("ID_TOKEN_ALGORITHMS must have RS256 (OIDC Core 15.1)")
        return self


class OneTimeSettings(Group):
    """Life of links and codes sent by mail."""

    verify_email_ttl: int = Field(DAY, ge=60, le=7 * DAY, description="Verification.")
    reset_password_ttl: int = Field(HOUR, ge=60, le=DAY, description="Password reset.")
    change_email_ttl: int = Field(HOUR, ge=60, le=DAY, description="New address.")
    invitation_ttl: int = Field(7 * DAY, ge=60, le=30 * DAY, description="Invitation.")
    email_code_ttl: int = Field(
        10 * MINUTE, ge=60, le=10 * MINUTE, description="Code that signs in."
    )
    not_me_ttl: int = Field(
        7 * DAY,
        ge=DAY,
        le=30 * DAY,
        description='"This wasn\'t me". So long an address that was left takes the '
        "account back, too.",
    )


class EmailCodeSettings(Group):
    """Signing in with a code sent by mail."""

    enabled: bool = Field(True, description="Off: mail never signs anybody in.")


class EmailSettings(Group):
    """Which addresses accounts may have."""

    special_use_domains: bool = Field(
        True,
        description="Accept `ann@corp.local`, `.internal`, `.test`, `user@localhost` "
        "and the like, which exist inside of a network only.",
    )


class SmtpSettings(Group):
    """Where mail goes."""

    url: SmtpUrl | None = Field(
        None,
        description="`smtp://user:password@host:587` (STARTTLS unless the "
        "host is this machine) or `smtps://host:465`. Unset: `/dev/mailbox`, in "
        "development only.",
    )
    allow_plaintext: bool = Field(
        False,
        description="Let `smtp://` go without TLS to a relay of the own network "
        "(private addresses only), which takes no credentials.",
    )
    sender: Sender = Field(
        "auth@localhost.localdomain",
        description="Address that mails come from. Production demands it.",
    )
    sender_name: str = Field("Auth Serve", description="Name that mails come from.")
    timeout: float = Field(10.0, gt=0, description="Seconds until a mail is retried.")
    ca_file: CaFile | None = Field(None, description="CA of the mail server.")

    @model_validator(mode="after")
    def _refuse_readable_password(self) -> Self:
        if self.allow_plaintext and self.url is not None:
            parts = urlsplit(self.url.get_secret_value())
            if parts.username or parts.password:
                raise ValueError("ALLOW_PLAINTEXT is for relays without credentials")
            if parts.scheme != "smtp" or self.ca_file is not None:
                raise ValueError("ALLOW_PLAINTEXT is for smtp:// without a CA_FILE")
        return self

    @property
    def longest_delivery(self) -> float:
        """Seconds for a whole mail: it may take as long as three slow answers."""
        return self.timeout * 3


class OutboundSettings(Group):
    """Calls that the service makes itself."""

    allowed_hosts: Names = Field(
        [], description="Internal hosts (`host` or `host:port`) that it may reach."
    )
    ca_file: CaFile | None = Field(None, description="CA of those hosts.")
    dns_servers: DnsServers = Field(
        [],
        description="Resolvers (`address` or `address:port`) for records of domains; "
        "none is those of the system.",
    )


class AdminSettings(Group):
    """The first administrator, made at start when there is none."""

    email: Email | None = Field(None, description="Address of the account.")
    password: SecretStr | None = Field(None, description="Its password.")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.email is None) != (self.password is None):
            raise ValueError("email and password go together")
        return self
