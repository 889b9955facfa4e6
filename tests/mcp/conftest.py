"""A service that lets MCP clients in, and a site that one of them is known by."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mcp.documents import Site
from tests.servers.certificates import Authority
from tests.servers.http import HttpServer


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signs for the sites; the service is told so."""
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> Path:
    """The certificate of the sites."""
    return authority.certify("localhost")


@pytest.fixture
def options(authority: Authority) -> dict[str, object]:
    """Turn on what MCP wants, with one setting, and let the door to the sites open."""
    return {
        "mcp": {"enabled": True},
        "oauth": {"scopes": {"orders:read": "See your orders"}},
        "outbound": {"allowed_hosts": ["localhost"], "ca_file": str(authority.file)},
    }


@pytest.fixture
def site(certificate: Path) -> Iterator[Site]:
    """A site with a document."""
    with HttpServer(certificate=certificate) as server:
        yield Site(server)
