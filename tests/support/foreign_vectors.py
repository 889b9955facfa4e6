"""Hashes that the products themselves made, at pinned versions, on Debian 12.

They stand in ``foreign_vectors.json``. Each was made in a temporary folder by the call
that stands with it: npm packages under Node 20, Java ones under 17, Python ones under
3.11, Go ones under 1.26, and what Debian packages (Dovecot, OpenLDAP, 389 Directory
Server, WordPress, MediaWiki, PHP, whois).
Where the product is in no registry within reach, PHP's own functions were called as its
code calls them, and the call says so. Payload's and passport-local-mongoose's are put
together as ``salt:hash``, Gitea's columns as ``passwd_hash_algo$salt$passwd``.
"""

import json
from pathlib import Path
from typing import NamedTuple


class Vector(NamedTuple):
    """One password, and what a product stored of it."""

    product: str
    how: str
    source: str | None  # for ``--from``, where the hash alone does not tell
    password: str
    hashed: str


QUOTES = 'it\'s "a" back\\slash & <b>'
FLASK_SECURITY_SALT = "146585145368132386173505678016728509634"

VECTORS = tuple(
    Vector(**each)
    for each in json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
)
