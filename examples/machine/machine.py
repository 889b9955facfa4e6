"""A machine: gets an access token for itself, and uses it. Needs nothing but Python.

    auth-serve client create --name Nightly --machine --scope reports:write
    ISSUER=http://localhost:8000 CLIENT_ID=client-... CLIENT_SECRET=as_cs_... \
        python examples/machine/machine.py

In a checkout the command is .venv/bin/auth-serve. The service has to know the scope:
AUTH_SERVE_OAUTH__SCOPES='{"reports:write": "..."}'.
"""

import json
import os
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen


def discover(issuer: str) -> dict[str, Any]:
    """Return what the server publishes about itself."""
    with urlopen(f"{issuer}/.well-known/openid-configuration", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    if found["issuer"] != issuer:
        raise SystemExit(f"the server calls itself {found['issuer']}, not {issuer}")
    return found


def fetch_token(endpoint: str, client_id: str, secret: str) -> dict[str, Any]:
    """Return a token response; keep the token until ``expires_in`` is nearly over."""
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
    }
    with urlopen(Request(endpoint, urlencode(form).encode()), timeout=10) as answer:
        token: dict[str, Any] = json.load(answer)
    return token


def main() -> None:
    """Print what came; an API would be sent ``Authorization: Bearer`` and the token."""
    server = discover(os.environ["ISSUER"])
    token = fetch_token(
        server["token_endpoint"], os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
    )
    print(f"{token['token_type']} for {token['scope']}, {token['expires_in']} seconds")


if __name__ == "__main__":
    main()
