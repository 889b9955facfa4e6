"""What an application can know of the server that loads it."""

from pathlib import Path
from typing import Any

import pytest
import uvicorn

from app.config import Settings
from app.core.asking_server import address_of_server
from tests.servers.certificates import Authority


def _asked(**options: Any) -> str | None:
    """Return what an application learns that uvicorn loads with these options."""
    told: list[str | None] = []

    def application() -> object:
        told.append(address_of_server())
        return object()

    config = uvicorn.Config(application, factory=True, log_config=None, **options)
    config.load()
    return told[0]


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, "http://localhost:8000"),
        ({"port": 8123}, "http://localhost:8123"),
        ({"port": 8123, "host": "::"}, "http://localhost:8123"),
        ({"port": 8123, "workers": 2}, "http://localhost:8123"),
        ({"port": 0}, None),
        ({"uds": "auth.sock"}, None),
        ({"fd": 3}, None),
    ],
)
def test_the_port_is_what_uvicorn_was_told(
    options: dict[str, Any], address: str | None
) -> None:
    assert _asked(**options) == address


def test_with_a_certificate_it_is_https(tmp_path: Path) -> None:
    certificate = Authority.make(tmp_path).certify("localhost")

    address = _asked(port=8443, ssl_certfile=certificate)

    assert address == "https://localhost:8443"


def test_without_such_a_server_nothing_is_known() -> None:
    assert address_of_server() is None


@pytest.mark.parametrize(
    ("chosen", "leads_to"),
    [
        ({}, "http://localhost:8123"),
        ({"public_url": "http://auth.test"}, "http://auth.test"),
        ({"public_url": "http://localhost:8000"}, "http://localhost:8000"),
    ],
)
def test_an_address_that_somebody_chose_is_not_replaced(
    chosen: dict[str, str], leads_to: str
) -> None:
    settings = Settings.model_validate(chosen).served_at("http://localhost:8123")

    assert settings.public_url == leads_to
    assert settings.names_address == bool(chosen)
