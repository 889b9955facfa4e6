#!/bin/sh
# oic (pyoidc) 1.7.0 (PyPI), Python 3.11.
#
# Expected: a provider's refusal comes to the application as a refusal, whatever its code.
# Codes may be added (RFC 6749 sections 4.1.2.1, 5.2 and 8.5), and these are registered with
# IANA: unmet_authentication_requirements (OpenID Connect Core Error Code
# unmet_authentication_requirements 1.0, section 3) and invalid_target (RFC 8707 section 2).
#
# Seen: only the codes of RFC 6749 and OpenID Connect Core are told. With any other the client
# raises `ResponseError("Missing or faulty response")`: no code, no description, as if the
# provider were broken. An application that asks for an acr as essential and was refused
# cannot tell. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check oic==1.7.0
cat > run.py <<'PY'
import json
import logging
import sys
from urllib.parse import urlencode

from oic.oauth2 import ResponseError
from oic.oic import Client
from oic.oic.message import AccessTokenResponse, AuthorizationResponse

logging.disable(logging.CRITICAL)


def told(response, body, form):
    try:
        return Client().parse_response(response, info=body, sformat=form)["error"]
    except ResponseError as refusal:
        return str(refusal)


seen = {}
for code in ("login_required", "unmet_authentication_requirements", "invalid_target"):
    query = urlencode({"error": code, "error_description": "why", "state": "s"})
    seen[f"authorization: {code}"] = told(AuthorizationResponse, query, "urlencoded")
for code in ("invalid_grant", "invalid_target"):
    body = json.dumps({"error": code, "error_description": "why"})
    seen[f"token: {code}"] = told(AccessTokenResponse, body, "json")
for asked, answer in seen.items():
    print(asked, "->", answer)
faulty = "Missing or faulty response"
expected = ["login_required", faulty, faulty, "invalid_grant", faulty]
sys.exit(list(seen.values()) != expected)
PY
python/bin/python run.py
