#!/bin/sh
# Dex 2.41.1 (Go module github.com/dexidp/dex, commit 43956db7fd75; its api/v2 2.2.0), Go 1.26.
#
# Expected: whoever presses "Cancel" where Dex asks to "Grant Access" is led back to the
# application with error=access_denied ("If the resource owner denies the access request ...
# the authorization server informs the client", RFC 6749 section 4.1.2.1).
#
# Seen: 500, a page "Internal Server Error: Approval rejected.", and no way back: the
# application never learns of it, and its sign-in stays open. Exits non-zero once that is no
# longer so. Building it takes some minutes (it needs Go and a C compiler).
set -eu
folder=$(mktemp -d)
trap 'kill "$dex" 2>/dev/null || true; rm -rf "$folder"' EXIT
dex=
cd "$folder"
go mod init peers 2>/dev/null
go get github.com/dexidp/dex/cmd/dex@v0.0.0-20240807174518-43956db7fd75 \
  github.com/dexidp/dex/api/v2@v2.2.0 2>/dev/null
go build -o dex github.com/dexidp/dex/cmd/dex
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# The hash is bcrypt of "password", as in Dex's own example.
cat > config.json <<JSON
{"issuer": "http://127.0.0.1:$port/dex", "storage": {"type": "memory"},
 "web": {"http": "127.0.0.1:$port"}, "enablePasswordDB": true,
 "staticPasswords": [{"email": "ann@example.com", "username": "Ann", "userID": "1",
   "hash": "\$2a\$10\$2b2cU8CPhOTaGrs1HRQuAueS7JTT5ZHsHSzYiFPm1leZck7Mc8T4W"}],
 "staticClients": [{"id": "shop", "name": "Shop", "secret": "secret",
   "redirectURIs": ["http://127.0.0.1:1/callback"]}]}
JSON
./dex serve config.json >log 2>&1 &
dex=$!
cat > walk.py <<'PY'
import html
import http.cookiejar
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

base = sys.argv[1]
jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
browser = urllib.request.build_opener(jar)


def ask(url, **form):
    data = urllib.parse.urlencode(form).encode() if form else None
    try:
        answer = browser.open(urllib.parse.urljoin(base, html.unescape(url)), data, 30)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.geturl(), answer.status, answer.read().decode()


asked = {"client_id": "shop", "response_type": "code", "scope": "openid", "state": "s"}
asked["redirect_uri"] = "http://127.0.0.1:1/callback"
for _ in range(100):
    try:
        url, status, page = ask(f"{base}/dex/auth?{urllib.parse.urlencode(asked)}")
        break
    except urllib.error.URLError:
        time.sleep(0.1)
action = re.search(r'<form method="post" action="([^"]+)"', page)[1]
url, status, page = ask(action, login="ann@example.com", password="password")
hidden = dict(re.findall(r'name="(req|approval)" value="([^"]+)"', page))
url, status, page = ask(url, req=hidden["req"], approval="rejected")
print(status, "led back" if ":1/callback" in url else "not led back")
print(" ".join(re.findall(r"Internal Server Error|Approval rejected", page)))
sys.exit((status, url.startswith(base)) != (500, True))
PY
python3 walk.py "http://127.0.0.1:$port"
