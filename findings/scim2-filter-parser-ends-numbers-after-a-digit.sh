#!/bin/sh
# scim2-filter-parser 0.7.0 (PyPI), Python 3.11.
#
# Expected: every filter of RFC 7644 section 3.4.2.2 is read. A value to compare with is one
# of JSON ("compValue", figure 1): numbers have several digits, a sign and a fraction, and a
# quotation mark in a string is escaped (RFC 7159 sections 6 and 7).
#
# Seen: a number ends after its first digit: "loginCount gt 9" is read, "loginCount gt 10" is
# refused, and a minus sign is an illegal character. A string ends at an escaped quotation
# mark, so nobody is found whose displayName has a nickname in quotation marks. Exits non-zero
# once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check scim2-filter-parser==0.7.0
cat > run.py <<'PY'
import sys

from scim2_filter_parser.lexer import SCIMLexer
from scim2_filter_parser.parser import SCIMParser, SCIMParserError


def read(text):
    try:
        SCIMParser().parse(SCIMLexer().tokenize(text))
    except (SCIMParserError, ValueError) as refusal:
        return f"refused: {refusal}"
    return "read"


filters = {
    'displayName eq "Ann Smith"': "read",
    r'displayName eq "Ann \"Bee\" Smith"': "refused",
    "loginCount gt 9": "read",
    "loginCount gt 10": "refused",
    "loginCount gt -1": "refused",
    "score ge 0.5": "refused",
}
seen = {}
for text in filters:
    answer = read(text)
    print(text, "->", answer)
    seen[text] = answer.partition(":")[0]
sys.exit(seen != filters)
PY
python/bin/python run.py
