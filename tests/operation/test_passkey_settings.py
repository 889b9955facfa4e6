"""Where passkeys are for: the domain, the origins, and what browsers look for."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.config import Settings, SettingsError, load_settings
from app.factors.passkey import Person, creation_options
from app.factors.totp import TotpKey
from app.models.user import User
from app.services.factors.challenge import ceremony_of
from app.services.factors.totp import shown
from tests.support.job import Make

pytest_plugins = ["tests.support.job"]

HERE = "https://id.example.com"


def settings_of(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    """Read settings from the environment."""
    for name, value in values.items():
        monkeypatch.setenv(f"AUTH_SERVE_{name}", value)
    return load_settings(env_file=None)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://id.example.com", "https://id.example.com"),
        ("https://id.example.com:443/", "https://id.example.com"),
        ("https://ID.example.com:8443", "https://id.example.com:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_origin_is_as_browsers_write_it(
    monkeypatch: pytest.MonkeyPatch, url: str, origin: str
) -> None:
    settings = settings_of(monkeypatch, PUBLIC_URL=url)

    assert settings.passkey_origins == (origin,)


@pytest.mark.parametrize("domain", ["id.example.com", "example.com"])
def test_the_domain_is_the_host_or_above_it(
    monkeypatch: pytest.MonkeyPatch, domain: str
) -> None:
    settings = settings_of(monkeypatch, PUBLIC_URL=HERE, PASSKEY__RP_ID=domain)

    assert settings.passkey_domain == domain


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RP_ID", "com"),
        ("RP_ID", "login.example.com"),
        ("RP_ID", "a.id.example.com"),
        ("RP_ID", "d.example.com"),
        ("RP_ID", "https://example.com"),
        ("RP_ID", ".example.com"),
        ("ORIGINS", "http://login.example.com"),
        ("ORIGINS", "https://login.example.com/path"),
        ("ORIGINS", "https://ann@login.example.com"),
        ("ORIGINS", "login.example.com"),
        ("ORIGINS", "*"),
    ],
)
def test_what_no_browser_would_take_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=f"PASSKEY__{name}"):
        settings_of(monkeypatch, PUBLIC_URL=HERE, **{f"PASSKEY__{name}": value})


class TestWellKnown:
    """What browsers and password managers look for."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Settings with a related origin."""
        origins = ["https://login.example.net"]
        return {"public_url": HERE, "passkey": {"origins": origins}}

    @pytest.fixture
    def database_url(self, sqlite_url: str) -> str:
        """One engine: nothing is asked of it."""
        return sqlite_url

    async def test_related_origins_are_listed(self, client: AsyncClient) -> None:
        answer = await client.get("/.well-known/webauthn")

        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == {"origins": [HERE, "https://login.example.net"]}

    async def test_the_page_of_passkeys_is_named(self, client: AsyncClient) -> None:
        answer = await client.get("/.well-known/passkey-endpoints")

        page = f"{HERE}/account/passkeys"
        assert answer.json() == {"enroll": page, "manage": page}


@pytest.mark.parametrize(
    ("theme", "name"), [({"name": "Harbour"}, "Harbour"), ({}, "Post room")]
)
def test_an_authenticator_shows_the_name_that_the_pages_have(
    make_runtime: Make, theme: dict[str, str], name: str
) -> None:
    runtime = make_runtime(theme=theme, smtp={"sender_name": "Post room"})
    ceremony = ceremony_of(runtime, UUID(int=1))
    person = Person(handle=b"1", name="ada@example.com", display_name="Ada")
    user = User(email="ada@example.com")

    assert creation_options(person, (), ceremony)["rp"]["name"] == name
    assert (
        f"issuer={quote(name)}" in shown(TotpKey(secret=b"k" * 20), runtime, user).uri
    )
