"""The one script of pages with a password: it shows what was typed.

It stands in the page itself, so that a page is two requests, and the policy names its
digest: nothing that anybody types or sends can become another script. Without it the
pages do all that they do with it but show the password.
"""

import hashlib
from base64 import b64encode
from pathlib import Path

from markupsafe import Markup

_FILE = Path(__file__).parents[1] / "static" / "password.js"
PASSWORD_SCRIPT = Markup(_FILE.read_text(encoding="utf-8"))


def source_of(script: str) -> str:
    """Return what a policy allows to run (CSP level 3): exactly this script."""
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"script-src 'sha256-{digest}'"


PASSWORD_SOURCE = source_of(PASSWORD_SCRIPT)
