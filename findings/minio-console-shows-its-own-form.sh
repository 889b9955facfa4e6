#!/bin/sh
# MinIO v0.0.0-20260212201848-7aac2a2c5b7c (Go module, which brings github.com/minio/console
# v1.7.7-0.20250905210349-2017f33b26e1), built by Go 1.26. Takes some minutes, and Python 3 for
# the metadata that it is given.
#
# Expected: with MINIO_IDENTITY_OPENID_CONFIG_URL, _CLIENT_ID, _CLIENT_SECRET and _REDIRECT_URI
# set, the console offers to sign in with that provider (MinIO's documentation, "OpenID Connect
# Access Management": users go to the console's address and choose the provider's button).
#
# Seen: the server reads the metadata and the keys and starts without a complaint; what its
# console asks for before it shows a page, /api/v1/login, says "loginStrategy":"form" and
# "redirectRules":null, as it does without any provider. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
server= metadata=
trap 'kill $server $metadata 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
GOPATH="$folder/go" GOBIN="$folder" GOFLAGS=-modcacherw \
  go install github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
cat > metadata.py <<'PY'
import json
from http.server import BaseHTTPRequestHandler, HTTPServer

asked = []


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        here = f"http://127.0.0.1:{self.server.server_port}"
        answers = {
            "/.well-known/openid-configuration": {
                "issuer": here,
                "authorization_endpoint": f"{here}/authorize",
                "token_endpoint": f"{here}/token",
                "userinfo_endpoint": f"{here}/userinfo",
                "jwks_uri": f"{here}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "email", "profile"],
                "claims_supported": ["sub", "policy"],
            },
            "/keys": {"keys": []},
            "/asked": asked,
        }
        body = json.dumps(answers[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Answer)
print(server.server_port, flush=True)
server.serve_forever()
PY
python3 metadata.py > metadata.port &
metadata=$!
until [ -s metadata.port ]; do sleep 1; done
provider="http://127.0.0.1:$(cat metadata.port)"
free() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
api=$(free) console=$(free)
MINIO_ROOT_USER=admin MINIO_ROOT_PASSWORD=admin-secret \
  MINIO_IDENTITY_OPENID_CONFIG_URL="$provider/.well-known/openid-configuration" \
  MINIO_IDENTITY_OPENID_CLIENT_ID=minio MINIO_IDENTITY_OPENID_CLIENT_SECRET=secret \
  MINIO_IDENTITY_OPENID_SCOPES=openid,email,profile \
  MINIO_IDENTITY_OPENID_CLAIM_NAME=policy \
  MINIO_IDENTITY_OPENID_REDIRECT_URI="http://127.0.0.1:$console/oauth_callback" \
  timeout 120 ./minio server data --address "127.0.0.1:$api" \
  --console-address "127.0.0.1:$console" > minio.log 2>&1 &
server=$!
told=
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  told=$(curl --silent "http://127.0.0.1:$console/api/v1/login") && break
  sleep 1
done
asked=$(curl --silent "$provider/asked")
echo "the provider was asked for: $asked"
echo "the console says: $told"
case $asked in *openid-configuration*keys*) ;; *) exit 1 ;; esac
case $told in *'"loginStrategy":"form"'*'"redirectRules":null'*) ;; *) exit 1 ;; esac
