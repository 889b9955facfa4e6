"""Configuration as platforms hand it over: taken as it is meant, or named."""

from pathlib import Path
from typing import Any

import pytest

from app.config import PREFIX, Settings, SettingsError, load_settings
from app.database_url import read_database_url
from app.environment import known_settings
from app.services.server.runtime import build_runtime
from tests.conftest import SECRET


def loaded(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], file: Path | None = None
) -> Settings:
    """Return the settings of an environment."""
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return load_settings(file)


def refusal(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], file: Path | None = None
) -> str:
    """Return why an environment is refused, in one line."""
    with pytest.raises(SettingsError) as refused:
        loaded(monkeypatch, values, file)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def service(name: str, port: int, ip: str = "10.96.0.7") -> dict[str, str]:
    """Return what Kubernetes puts into every pod for a Service."""
    return {
        f"{name}_SERVICE_HOST": ip,
        f"{name}_SERVICE_PORT": str(port),
        f"{name}_SERVICE_PORT_HTTP_METRICS": str(port),
        f"{name}_PORT": f"tcp://{ip}:{port}",
        f"{name}_PORT_{port}_TCP": f"tcp://{ip}:{port}",
        f"{name}_PORT_{port}_TCP_PROTO": "tcp",
        f"{name}_PORT_{port}_TCP_PORT": str(port),
        f"{name}_PORT_{port}_TCP_ADDR": ip,
        f"{name}_PORT_{port}_UDP": f"udp://{ip}:{port}",
    }


LINKS = {
    "kubernetes": service("AUTH_SERVE", 8000),
    "a database of ours": service("AUTH_SERVE_POSTGRESQL", 5432, "fd00::7"),
    "the name of a group": service("AUTH_SERVE_SMTP", 25),
    "the word itself": service("AUTH_SERVE_SERVICE", 80) | service("AUTH_SERVE", 80),
    "docker": {
        "AUTH_SERVE_NAME": "/web/auth_serve",
        "AUTH_SERVE_PORT": "tcp://172.17.0.5:8000",
        "AUTH_SERVE_ENV_AUTH_SERVE_SECRET_KEY": "of another container",
        "AUTH_SERVE_ENV_PATH": "/usr/bin",
        "AUTH_SERVE_DB_NAME": "/web/auth_serve_db",
        "AUTH_SERVE_DB_ENV_POSTGRES_PASSWORD": "x",
    },
}


@pytest.mark.parametrize("platform", LINKS)
def test_links_to_services_are_nothing_of_ours(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    assert loaded(monkeypatch, LINKS[platform]) == load_settings(None)


SLIPS = {
    "AUTH_SERVE_PORT": "8000",
    "AUTH_SERVE_SMTP_PORT": "587",
    "AUTH_SERVE_SERVICE_HOST": "auth.example.com",
    "AUTH_SERVE_ENV": "production",
    "AUTH_SERVE_ENV_IRONMENT": "production",
    "AUTH_SERVE_NAME": "Auth",
    "AUTH_SERVE_IMAGE": "registry/auth:1",
    "AUTH_SERVE_JOBS_FILE": "/run/secrets/jobs",
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_not_taken_for_a_link(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    told = refusal(monkeypatch, {name: SLIPS[name]})

    assert name in told and "another program" in told


WORDS = {
    "debug": "DEBUG",
    "Warning": "WARNING",
    '"info"': "INFO",
    "'ERROR'": "ERROR",
    " error\r": "ERROR",
    "warn": "WARNING",
    "CRITICAL": "ERROR",
    "fatal": "ERROR",
    "Trace": "DEBUG",
    "notice": "INFO",
    "": "INFO",
    "  ": "INFO",
    '""': "INFO",
}


@pytest.mark.parametrize("text", WORDS)
def test_a_word_is_read_as_it_is_meant(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    read = loaded(monkeypatch, {"AUTH_SERVE_LOG_LEVEL": text})

    assert read.log_level == WORDS[text]


def test_values_that_were_quoted_and_ended_by_others_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = loaded(
        monkeypatch,
        {
            "AUTH_SERVE_PUBLIC_URL": '"https://auth.example.com"\r',
            "AUTH_SERVE_TRUSTED_PROXIES": '["10.0.0.5", "fd00::/8"]',
            "AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS": "[::1]:80,sso.internal",
            "AUTH_SERVE_SECRET_KEY": f"{SECRET}\r\n",
            "AUTH_SERVE_JOBS": "FALSE ",
        },
    )

    assert read.public_url == "https://auth.example.com"
    assert read.trusted_proxies == ["10.0.0.5/32", "fd00::/8"]
    assert read.outbound.allowed_hosts == ["[::1]:80", "sso.internal"]
    assert read.secret_key and read.secret_key.get_secret_value() == SECRET
    assert read.jobs is False


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("AUTH_SERVE_SECRET_KEY", f'"{SECRET}"', "AUTH_SERVE_SECRET_KEY_FILE"),
        ("AUTH_SERVE_DATABASE_URL", "postgresql://u:$(DB_PASSWORD)@h/d", "DB_PASSWORD"),
        ("AUTH_SERVE_DATABASE_URL", "postgresql://u:${DB_PASSWORD}@h/d", "DB_PASSWORD"),
        ("AUTH_SERVE_PUBLIC_URL", "https://${HOST:-x}/", "HOST"),
        ("AUTH_SERVE_PUBLIC_URL", "auth.example.com", "http:// or https://"),
        ("AUTH_SERVE_PUBLIC_URL", "https://", "https://host:port"),
        ("AUTH_SERVE_LOG_LEVEL", "loud", "'WARNING'"),
        ("AUTH_SERVE_TRUSTED_PROXIES", "10.0.0.1,*", "AUTH_SERVE_TRUSTED_PROXIES: "),
        ("AUTH_SERVE_SMTP__SENDER", "Shop <a@example.com>", "SMTP__SENDER_NAME"),
        ("AUTH_SERVE_SMTP__URL", "mail.example.com:587", "smtp:// or smtps://"),
        ("AUTH_SERVE_SMTP__URL", "smtps://k:SG.x/y=@h:465", "%2F"),
        ("AUTH_SERVE_SMTP__URL", "smtp://u:p#w@h", "%23"),
        ("AUTH_SERVE_VALKEY_URL", "h:6379", "rediss://"),
        ("AUTH_SERVE_VALKEY_URL", "unix:///run/v.sock", "rediss://"),
    ],
)
def test_what_cannot_be_meant_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, hint: str
) -> None:
    told = refusal(monkeypatch, {name: value})

    assert name in told and hint in told and SECRET not in told


def test_two_spellings_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(monkeypatch, {"auth_serve_jobs": "true", "AUTH_SERVE_JOBS": "false"})

    assert "AUTH_SERVE_JOBS" in told


def test_a_database_of_the_platform_is_named_where_a_file_would_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://u:hunter2@h/other")

    development = load_settings(None)
    told = refusal(monkeypatch, {"AUTH_SERVE_ENVIRONMENT": "production"})

    assert "sqlite" in development.database_url.get_secret_value()
    assert 'AUTH_SERVE_DATABASE_URL="$DATABASE_URL"' in told and "hunter2" not in told


SHARED = """\
# compose, a shell and three programs read this
set -a
POSTGRES_PASSWORD
export DB_PASSWORD='p%40ss'
APP: {not: ours}
AUTH_SERVER_URL=https://other.example
MULTI="one
two"
export AUTH_SERVE_REGISTRATION="closed" # nobody
AUTH_SERVE_DATABASE_URL=postgresql://auth:${DB_PASSWORD}@db/auth
AUTH_SERVE_LOG_LEVEL=error
AUTH_SERVE_LOG_LEVEL=error
"""


@pytest.mark.parametrize("form", ["", "\ufeff", "\r\n"])
def test_a_shared_file_is_read_where_it_speaks_of_us(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str
) -> None:
    text = SHARED.replace("\n", "\r\n") if form == "\r\n" else form + SHARED
    file = tmp_path / ".env"
    file.write_bytes(text.encode())

    read = loaded(monkeypatch, {}, file)

    assert (read.registration, read.log_level) == ("closed", "ERROR")
    place = read_database_url(read.database_url.get_secret_value()).url
    assert (place.password, place.host) == ("p@ss", "db")


CONTRADICTIONS = {
    "twice": "AUTH_SERVE_JOBS=true\nX=1\nAUTH_SERVE_JOBS=false\n",
    "set nowhere": "X=1\n\nAUTH_SERVE_PUBLIC_URL=https://${NOWHERE}\n",
    "swallowed": 'A=1\n\nOTHER="open\nAUTH_SERVE_JOBS=false\nEND="\n',
    "no value": "A=1\n\nAUTH_SERVE_JOBS\n",
}


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_a_file_that_contradicts_itself_is_refused_by_its_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    file = tmp_path / ".env"
    file.write_text(CONTRADICTIONS[what])

    assert "line 3" in refusal(monkeypatch, {}, file)


def test_what_a_line_left_open_does_not_hide_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / ".env"
    file.write_text('OTHER="open\nAUTH_SERVE_REGISTRATION=closed\n')

    assert loaded(monkeypatch, {}, file).registration == "closed"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("valkey://h:6379", "redis://h:6379"),
        ("valkeys://default:p%40@h:6380", "rediss://default:p%40@h:6380"),
        ("REDISS://h/0", "rediss://h/0"),
        ("redis://:p@[fd00::1]:6379/0", "redis://:p@[fd00::1]:6379/0"),
    ],
)
def test_valkey_has_two_names(
    monkeypatch: pytest.MonkeyPatch, given: str, read: str
) -> None:
    settings = loaded(monkeypatch, {"AUTH_SERVE_VALKEY_URL": given})

    assert settings.valkey_url and settings.valkey_url.get_secret_value() == read


SECRETS = {
    "AUTH_SERVE_SECRET_KEY": SECRET,
    "AUTH_SERVE_SECRET_KEY_SECOND": "second-" + SECRET,
    "AUTH_SERVE_DATABASE_URL": "postgresql://u:p@h/d",
    "AUTH_SERVE_VALKEY_URL": "redis://h:6379/0",
    "AUTH_SERVE_SMTP__URL": "smtp://u:p@h:587",
    "AUTH_SERVE_METRICS__TOKEN": SECRET[::-1],
    "AUTH_SERVE_PKCS11__PIN": "0042",
    "AUTH_SERVE_TRACES__HEADERS": "authorization=Bearer%20hunter2",
    "AUTH_SERVE_ADMIN__PASSWORD": " a passphrase, with blanks ",
    "AUTH_SERVE_PASSWORD__FLASK_SECURITY_SALT": "1465851453681323861735056",
    "AUTH_SERVE_PASSWORD__DEVISE_PEPPER": "a \"pepper\" 'with' quotes",
}


def secret_of(settings: Settings, name: str) -> Any:
    """Return the secret that a variable sets."""
    found: Any = settings
    for part in name.removeprefix(PREFIX).lower().split("__"):
        found = getattr(found, part)
    return found.get_secret_value()


def test_no_secret_is_left_out() -> None:
    """What is a secret is kept in ``SecretStr``; each has its file, tried below."""
    secrets = {
        name
        for name, kind in known_settings(Settings, PREFIX).items()
        if kind.is_secret
    }

    assert secrets == {*SECRETS}


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_come_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, ending: str
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f"{SECRETS[name]}{ending}".encode())
    if name.startswith("AUTH_SERVE_ADMIN"):  # no password without an address
        monkeypatch.setenv("AUTH_SERVE_ADMIN__EMAIL", "root@example.com")

    read = loaded(monkeypatch, {f"{name}_FILE": str(file)})
    monkeypatch.setenv(name, SECRETS[name])
    both = refusal(monkeypatch, {})

    assert secret_of(read, name) == SECRETS[name]
    assert f"{name} and {name}_FILE are both set" in both


UNUSABLE = {
    "empty": b"\n",
    "long": b"x" * 70_000,
    "binary": b"\xff" * 40,
    "nul": b"a\0",
}


@pytest.mark.parametrize("what", [*UNUSABLE, "absent", "folder"])
def test_a_file_without_a_secret_is_refused_by_the_name_of_its_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    file = tmp_path / "hunter2"
    if what in UNUSABLE:
        file.write_bytes(UNUSABLE[what])
    elif what == "folder":
        file.mkdir()

    told = refusal(monkeypatch, {"AUTH_SERVE_SECRET_KEY_FILE": str(file)})

    assert told.startswith("AUTH_SERVE_SECRET_KEY_FILE: ") and "hunter2" not in told


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused_with_what_to_do(
    tmp_path: Path, mode: int
) -> None:
    file = tmp_path / "a.secret.key"
    file.write_text(SECRET)
    file.chmod(mode)
    chosen = {"database_url": f"sqlite:///{tmp_path / 'a.db'}"}

    with pytest.raises(SettingsError, match="chmod 600"):
        build_runtime(Settings.model_validate(chosen))


@pytest.mark.parametrize(
    "values",
    [
        {"url": "smtp://u:p@relay:25"},
        {"url": "smtps://relay:465"},
        {"url": "smtp://:p@relay"},
    ],
)
def test_a_relay_without_tls_takes_no_credentials(values: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="ALLOW_PLAINTEXT"):
        Settings.model_validate({"smtp": values | {"allow_plaintext": True}})
