#!/bin/sh
# ldap3 2.9.1 (PyPI), Python 3.11.
#
# Expected: `ldap3.utils.dn.parse_dn` takes the names that directories write, and `safe_dn`,
# through which every search and bind goes, leaves their meaning. In a value "#" is escaped at
# its beginning alone and "=" nowhere (RFC 4514 section 2.4); a type may be an OID in dots
# (section 2.3), and a value in hexadecimal is "#" and its digits, as in the section 4 example
# "1.3.6.1.4.1.1466.0=#04024869".
#
# Seen: parse_dn refuses "cn=C# Developers,dc=example", which is how slapd 2.5.13 names that
# group in what it finds, and "cn=R=D" beside it: who takes groups by the first pair of their
# names loses these. With an OID nothing can be asked for at all: safe_dn raises the same
# LDAPInvalidDnError. Of a value in hexadecimal in a second pair it makes the text "#04...",
# another name. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check ldap3==2.9.1
cat > run.py <<'PY'
import sys

from ldap3.core.exceptions import LDAPInvalidDnError
from ldap3.utils.dn import parse_dn, safe_dn


def tried(read, name):
    try:
        return read(name)
    except LDAPInvalidDnError as refusal:
        return f"refused: {refusal}"


def first(name):
    return parse_dn(name)[0][1]


names = (
    "cn=Developers,dc=example",
    "cn=C# Developers,dc=example",
    "cn=R=D,dc=example",
    "1.3.6.1.4.1.1466.0=#04024869",
    "ou=Sales+cn=#04024869,dc=example",
)
seen = [(tried(first, name), tried(safe_dn, name)) for name in names]
for name, (parsed, safe) in zip(names, seen):
    print(f"{name}\n  parse_dn {parsed}\n  safe_dn  {safe}")
dot = "refused: character '.' not allowed in attribute type"
hexadecimal = "refused: character # not allowed in hex representation of attribute value"
sys.exit(seen != [
    ("Developers", "cn=Developers,dc=example"),
    ("refused: special character # must be escaped", r"cn=C\# Developers,dc=example"),
    ("refused: special character = must be escaped", r"cn=R\=D,dc=example"),
    (dot, dot),
    (hexadecimal, r"ou=Sales+cn=\#04024869,dc=example"),
])
PY
python/bin/python run.py
