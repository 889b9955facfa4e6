"""Services that an operator of theirs sets up by their API."""

from typing import Any

import requests

from tests.e2e.conftest import OPTIONS
from tests.servers.service import Service
from tests.support.api import PASSWORD

_ADMIN = "operator@example.com"
OPERATED = OPTIONS | {
    "AUTH_SERVE_ADMIN__EMAIL": _ADMIN,
    "AUTH_SERVE_ADMIN__PASSWORD": PASSWORD,
}


def asked(home: str, path: str, body: dict[str, Any], token: str = "") -> Any:
    """Post to the API; return what it says."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"{home}/api/v1{path}"
    answer = requests.post(url, json=body, headers=headers, timeout=30)
    assert answer.ok, answer.text
    return answer.json()


def operator(home: str) -> str:
    """Return a token of the operator's."""
    body = {"email": _ADMIN, "password": PASSWORD}
    return str(asked(home, "/auth/login", body)["access_token"])


def home_of(service: Service) -> str:
    """Return where people know a service."""
    return f"http://localhost:{service.url.rpartition(':')[2].strip('/')}"
