#!/bin/sh
# github.com/pquerna/otp 1.5.0 (Go 1.26), read by otpauth 9.5.2 (npm, Node 20) and
# pyotp 2.12.1 (PyPI, Python 3.11).
#
# Expected: a key made for the issuer "Smith & Sons" tells this issuer again, here and
# elsewhere. The Key URI format has parameters percent-encoded (RFC 3986 section 2.2: a
# delimiter that is data is encoded), and a query is divided at "&" (WHATWG URL section 5.1).
#
# Seen: the query is escaped as a path segment is, in which "&", "=" and "+" may stand. The
# library reads the issuer of its own key back as "Smith ", and otpauth and pyotp refuse the
# whole URI. "A+B" comes back as "A B", and pyotp misses in it the issuer of the label, where
# a plus sign is one. Without these characters all goes well. Exits non-zero once that is no
# longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH="$folder/go" GOFLAGS=-modcacherw
go mod init finding >/dev/null 2>&1
go get github.com/pquerna/otp@v1.5.0 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

func main() {
	made, err := totp.Generate(totp.GenerateOpts{
		Issuer: os.Args[1], AccountName: "ann", Secret: []byte("12345678901234567890"),
	})
	if err != nil {
		panic(err)
	}
	read, err := otp.NewKeyFromURL(made.String())
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n%s\n", made, read.Issuer())
}
GO
go build -o make .
npm init -y >/dev/null
npm install --silent --no-audit --no-fund otpauth@9.5.2
cat > read.cjs <<'JS'
const { URI } = require("otpauth");
try { console.log(URI.parse(process.argv[2]).issuer); } catch { console.log("refused"); }
JS
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check pyotp==2.12.1
cat > read.py <<'PY'
import sys

import pyotp

try:
    print(pyotp.parse_uri(sys.argv[1]).issuer)
except ValueError:
    print("refused")
PY
seen=$(for issuer in "Smith Sons" "Smith & Sons" "A+B"; do
  ./make "$issuer" > made
  uri=$(head -n 1 made)
  echo "$issuer: itself [$(tail -n 1 made)]," \
    "otpauth [$(node read.cjs "$uri")], pyotp [$(python/bin/python read.py "$uri")]"
done)
echo "$seen"
[ "$seen" = "Smith Sons: itself [Smith Sons], otpauth [Smith Sons], pyotp [Smith Sons]
Smith & Sons: itself [Smith ], otpauth [refused], pyotp [refused]
A+B: itself [A B], otpauth [A+B], pyotp [refused]" ]
