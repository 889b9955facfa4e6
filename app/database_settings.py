"""Settings of the database."""

from pathlib import Path

from pydantic import Field

from app.setting_groups import DAY, Group


class DatabaseSettings(Group):
    """How the connections to the database behave."""

    pool_size: int = Field(15, ge=1, description="Connections kept open per process.")
    pool_overflow: int = Field(
        0, ge=0, description="Connections more under load; each is opened anew."
    )
    pool_timeout: float = Field(
        2.0, gt=0, description="Seconds to wait for a connection before a 503."
    )
    statement_timeout: int = Field(
        10, ge=1, le=DAY, description="Seconds a statement may take."
    )
    prepared_statements: bool = Field(
        True, description="False behind a pooler in transaction mode, as PgBouncer."
    )
    migrate: bool | None = Field(
        None,
        description="Bring the schema up to date at start; "
        "unset: in development only. Production runs `auth-serve schema upgrade`.",
    )
    password_file: Path | None = Field(
        None,
        description="File with the password, in place of one in `DATABASE_URL`; read "
        "at every new connection, so that it is changed without a restart.",
    )
