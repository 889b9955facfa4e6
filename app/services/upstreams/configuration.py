"""What the operator said of a connection: judged, sealed, and read again.

The kinds are imported where they are needed: most installations have no connection.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import SecretStr, ValidationError

from app.core.exceptions import FieldError, Unprocessable, validation_problem
from app.core.outbound import OutboundRefused
from app.core.secret_key import SealBroken
from app.models.upstream.connection import Connection
from app.services.process.process import Process

if TYPE_CHECKING:
    from app.upstreams.password import PasswordConnector
    from app.upstreams.protocol import Kind, RedirectConnector, UpstreamSettings


def kind_named(name: str) -> "Kind | None":
    """Return a kind, or None."""
    from app.upstreams.kinds import KINDS

    return KINDS.get(name)


def judged_settings(
    process: Process, kind: str, members: Mapping[str, Any]
) -> "UpstreamSettings":
    """Return the settings of a kind, if they are acceptable.

    Raises:
        Unprocessable: There is no such kind, a member is not acceptable, or its URL is
            one that this server may not call.
    """
    found = kind_named(kind)
    if found is None:
        raise Unprocessable([FieldError("kind", "unknown_kind", "is no kind here")])
    try:
        settings = found.settings.model_validate(dict(members))
    except ValidationError as error:
        problems = validation_problem(error.errors()).errors
        raise Unprocessable([_within(each) for each in problems]) from None
    for name, url in settings.called().items():
        is_directory = url.startswith("ldap")
        outbound = process.outbound
        try:
            (outbound.judge_server if is_directory else outbound.judge)(url)
        except OutboundRefused as refusal:
            message = (
                "is an address that this server may not call; its operator can allow "
                "the host (AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS)"
            )
            field = f"settings.{name}"
            raise Unprocessable(
                [FieldError(field, "url_refused", message)]
            ) from refusal
    return settings


def settings_before(row: Connection) -> "UpstreamSettings | None":
    """Return settings as they are stored; None if their kind is gone.

    Secrets are left out, and nothing is judged: for who is called, and named by whom.
    """
    kind = kind_named(row.kind)
    return None if kind is None else kind.settings.model_construct(**row.settings)


def _within(problem: FieldError) -> FieldError:
    field = f"settings.{problem['field']}".rstrip(".")
    return FieldError(field, problem["code"], problem["message"])


def split(settings: "UpstreamSettings") -> tuple[dict[str, Any], dict[str, str]]:
    """Return what is shown of settings, and what never is."""
    secret = settings.secrets()
    shown = settings.model_dump(mode="json", exclude=set(secret))
    hidden = {name: getattr(settings, name) for name in sorted(secret)}
    kept = {
        name: value.get_secret_value()
        for name, value in hidden.items()
        if isinstance(value, SecretStr)
    }
    return shown, kept


def sealed(
    process: Process, connection_id: UUID, secrets: Mapping[str, str]
) -> bytes | None:
    """Return secrets as they are stored; None where there are none."""
    if not secrets:
        return None
    body, nonce = json.dumps(dict(secrets)).encode(), process.randomness.bytes(12)
    return process.secret_key.seal(body, nonce, seal_context(connection_id))


def secrets_of(process: Process, row: Connection) -> dict[str, str]:
    """Return the secrets of a connection.

    Raises:
        SealBroken: They were sealed under another secret key.
    """
    if row.sealed_secrets is None:
        return {}
    opened = process.secret_key.unseal(row.sealed_secrets, seal_context(row.id))
    found: dict[str, str] = json.loads(opened)
    return found


def known_secrets(process: Process, row: Connection) -> dict[str, str] | None:
    """Return the same for whoever shows or changes it; None if they do not open.

    Who lost the secret key looks at the connection, and gives them again.
    """
    try:
        return secrets_of(process, row)
    except SealBroken:
        return None


def seal_context(connection_id: UUID) -> str:
    """Return what secrets are bound to: in another row they do not open."""
    return f"connections:{connection_id}"


def connector_of(
    process: Process, row: Connection, called: set[str] | None = None
) -> "RedirectConnector | PasswordConnector":
    """Return what speaks with the other side of a connection; it calls nobody yet.

    Args:
        process: Where.
        row: The connection.
        called: Gets the names of the breakers of whom it calls.

    Raises:
        Unprocessable: Its kind is gone, wants other settings in this release, or its
            secrets do not open.
    """
    from app.upstreams.protocol import ConnectionConfig, Surroundings

    secrets = known_secrets(process, row)
    if secrets is None:
        message = "have secrets that another secret key sealed; they are given again"
        wrong = [FieldError("settings", "missing", message)]
        raise Unprocessable(wrong, hint="its secrets do not open")
    members = {**row.settings, **secrets}
    kind = kind_named(row.kind)
    settings = judged_settings(process, row.kind, members)
    assert kind is not None  # judged a moment ago
    config = ConnectionConfig(
        name=row.name,
        kind=row.kind,
        settings=settings,
        redirect_uri=redirect_uri(process, row.name),
    )
    world = Surroundings(
        outbound=process.outbound,
        clock=process.clock,
        randomness=process.randomness,
        called=set() if called is None else called,
        whose=row.name,
    )
    return kind.connect(config, world)


def redirect_uri(process: Process, name: str) -> str:
    """Return where the other side sends people back to, for this connection alone."""
    return f"{process.settings.public_url}/upstreams/{name}/callback"


def signed_out_uri(process: Process, name: str) -> str:
    """Return where the other side sends people back to whom it signed out."""
    return f"{process.settings.public_url}/upstreams/{name}/signed-out"
