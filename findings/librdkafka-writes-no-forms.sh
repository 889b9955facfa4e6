#!/bin/sh
# confluent-kafka 2.16.1 (PyPI, librdkafka 2.16.0 in its wheel), Python 3.11: the clients of
# librdkafka with `sasl.oauthbearer.method=oidc`.
#
# Expected: id, secret and scope come to the token endpoint as they are set. The request is
# application/x-www-form-urlencoded (RFC 6749 section 4.4.2 and appendix B), and id and
# secret are encoded so before they become Basic's user and password (section 2.3.1).
#
# Seen: nothing is encoded. A scope-token may have "&" and "+" (section 3.3): the endpoint
# reads "orders+all" as "orders all", and of "a&b" a scope "a" and a parameter "b". Two scopes
# are separated by a raw space. Of a client "urn:example:orders" the endpoint reads the id
# "urn" (RFC 7617 section 2 divides at the first colon), and a "+" or a "%" in a secret is
# another secret there. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check confluent-kafka==2.16.1
cat > run.py <<'PY'
import json
import sys
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, unquote_plus

from confluent_kafka import Producer


def part(content):
    return urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


asked = threading.Event()


class Provider(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        basic = b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
        Provider.raw = body, basic
        claims = {"sub": "orders", "exp": int(time.time()) + 600}
        token = f"{part({'alg': 'RS256'})}.{part(claims)}.c2ln"
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 600}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())
        asked.set()

    def log_message(self, *line):
        pass


provider = HTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=provider.serve_forever, daemon=True).start()


def read(client_id, secret, scope):
    asked.clear()
    producer = Producer({
        "bootstrap.servers": "127.0.0.1:1", "log_level": 0,
        "security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc", "sasl.oauthbearer.client.id": client_id,
        "sasl.oauthbearer.client.secret": secret, "sasl.oauthbearer.scope": scope,
        "sasl.oauthbearer.token.endpoint.url": f"http://127.0.0.1:{provider.server_port}/",
        "error_cb": lambda error: None,
    })
    while not asked.wait(0.1):
        producer.poll(0)
    body, basic = Provider.raw
    user, _, password = basic.partition(":")
    form = dict(parse_qsl(body, keep_blank_values=True))
    form.pop("grant_type")
    print(f"body {body!r}, Basic {basic!r}")
    return unquote_plus(user), unquote_plus(password), form


seen = [
    read("orders", "secret", "orders.read"),
    read("orders", "s+1%2F", "orders+all"),
    read("urn:example:orders", "secret", "a&b c"),
]
for each in seen:
    print(each)
sys.exit(seen != [
    ("orders", "secret", {"scope": "orders.read"}),
    ("orders", "s 1/", {"scope": "orders all"}),
    ("urn", "example:orders:secret", {"scope": "a", "b c": ""}),
])
PY
timeout 60 python/bin/python run.py
