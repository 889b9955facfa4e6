"""Settings that are missing, misspelled or weak: no start, and a clear message."""

import pytest
from pydantic import ValidationError

from app.config import Settings, SettingsError, load_settings

GOOD = "Jf83-kLm29.qPz71_xWv04+nBc56~tYh"
PRODUCTION = {
    "AUTH_SERVE_ENVIRONMENT": "production",
    "AUTH_SERVE_PUBLIC_URL": "https://auth.example.com",
    "AUTH_SERVE_SECRET_KEY": GOOD,
    "AUTH_SERVE_SMTP__URL": "smtps://mail.example.com:465",
    "AUTH_SERVE_SMTP__SENDER": "auth@example.com",
}


def load(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Settings:
    """Read settings from this environment only."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings(env_file=None)


@pytest.mark.parametrize(
    "secret",
    ["", " ", "short", "changeme", "a" * 64, "changeme" * 8, " " * 40, "password1" * 9],
)
def test_t004_a_weak_secret_does_not_start(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, PRODUCTION | {"AUTH_SERVE_SECRET_KEY": secret})

    assert "SECRET_KEY" in str(refused.value)
    assert not secret.strip() or secret not in str(refused.value)


@pytest.mark.parametrize(
    "missing", sorted(set(PRODUCTION) - {"AUTH_SERVE_ENVIRONMENT"})
)
def test_t193_t197_production_does_not_start_with_something_missing(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    given = {name: value for name, value in PRODUCTION.items() if name != missing}

    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, given)

    assert missing in str(refused.value)
    assert GOOD not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH_SERVE_ENVIRONMENT", "prod"),
        ("AUTH_SERVE_ENVIRONMENT", ""),
        ("AUTH_SERVE_REGISTRATION", "everybody"),
        ("AUTH_SERVE_REGISTRATON", "closed"),
        ("AUTH_SERVE_LIMITS__STORE", "valkey"),
        ("AUTH_SERVE_LIMITS__SIGN_IN_ACCOUNT", "0/600"),
        ("AUTH_SERVE_LIMITS__SIGN_IN_ACOUNT", "10/600"),
        ("AUTH_SERVE_LIMITS__SIGN_IN_ADDRESS", "ten/60"),
        ("AUTH_SERVE_PASSWORD__MEMORY_COST", "8"),
        ("AUTH_SERVE_PASSWORD__MIN_LENGTH", "1"),
        ("AUTH_SERVE_TOKEN__ALGORITHM", "none"),
        ("AUTH_SERVE_TOKEN__ALGORITHM", "HS256"),
        ("AUTH_SERVE_TOKEN__ACCESS_TTL", "0"),
        ("AUTH_SERVE_SESSION__IDLE_TTL", "-1"),
        ("AUTH_SERVE_TRUSTED_PROXIES", "*"),
        ("AUTH_SERVE_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("AUTH_SERVE_TRUSTED_PROXIES", "::/0"),
        ("AUTH_SERVE_PUBLIC_URL", "http://auth.example.com"),
        ("AUTH_SERVE_PUBLIC_URL", "https://user@auth.example.com"),
        ("AUTH_SERVE_ADMIN__EMAIL", "a@example.com"),
    ],
)
def test_t197_a_setting_that_is_wrong_does_not_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises((SettingsError, ValidationError)):
        load(monkeypatch, PRODUCTION | {name: value})


def test_t197_the_same_without_a_mistake_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = load(monkeypatch, PRODUCTION)

    assert settings.registration_mode == "verified"
    assert not settings.serves_docs and not settings.migrates


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH_SERVE_SECRET_KEY", "changeme-0123456789-abcdefghijklmnopqrstuvwxyz"),
        ("AUTH_SERVE_SECRETKEY", "a-name-with-a-typing-mistake"),
        ("AUTH_SERVE_PUBLIC_URL", "http://auth.internal.example"),
        ("AUTH_SERVE_PUBLIC_URL", "https://auth.example.com:hunter2"),
        ("AUTH_SERVE_DATABASE_URL", "postgresql://ann:hunter2@db.internal:x/auth"),
        ("AUTH_SERVE_DATABASE_URL", "postgresql://ann:hunter2@db:99999/auth"),
        ("AUTH_SERVE_DATABASE_URL", "postgresql://ann:hunter2@db/a?sslmode=hunter2"),
        ("AUTH_SERVE_DATABASE_URL", "hunter2"),
        ("AUTH_SERVE_OUTBOUND__CA_FILE", "/nope/hunter2"),
        ("AUTH_SERVE_SMTP__CA_FILE", "/dev/null"),
        ("AUTH_SERVE_SMTP__URL", "ftp://ann:hunter2@mail.internal"),
        ("AUTH_SERVE_SMTP__URL", "smtp://ann:hunter2@mail.internal:x"),
        ("AUTH_SERVE_VALKEY_URL", "http://ann:hunter2@cache.internal"),
        ("AUTH_SERVE_LIMITS__STORE", "valkey"),
        ("AUTH_SERVE_PASSWORD__BREACH_URL", "hunter2"),
        ("AUTH_SERVE_PASSWORD__MEMORY_COST", "99999999"),
        ("AUTH_SERVE_PASSWORD__TIME_COST", "99999999"),
    ],
)
def test_t197_what_cannot_work_is_refused_by_name_and_its_value_kept_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, PRODUCTION | {name: value})

    said = str(refused.value)
    assert name.rpartition("__")[2] in said
    assert value == "valkey" or value not in said
    assert "hunter2" not in said and ".internal" not in said
    assert "\n" not in said
