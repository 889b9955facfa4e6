"""The scripts of pages: for typed passwords, passkeys, pictures, and work for waiting.

What is short stands in the page itself, and the policy names its digest; a file of its
own (`passkey_source`) is named by nonce. Either way nothing that anybody types or sends
can become another script. Without them the pages do all that they do with them but
show a password and take a passkey, and say how long to wait where work would do.
"""

import hashlib
import re
from base64 import b64encode
from pathlib import Path

from markupsafe import Markup

_FOLDER = Path(__file__).parents[1] / "static"
_FOR_READERS = re.compile(r"^ *//.*\n|^ +", re.MULTILINE)
# No string in them has one of these beside a space; a test runs each.
_BETWEEN = re.compile(r" *(=>|[=?:,{}()&|]) *")


def _script(name: str) -> Markup:
    """Return a module; comments and indentation are for who reads the file."""
    text = _FOR_READERS.sub("", (_FOLDER / name).read_text(encoding="utf-8"))
    return Markup(_BETWEEN.sub(r"\1", text))


PASSWORD_SCRIPT = _script("password.js")
PASSKEY_SCRIPT = _script("passkey.js")
SETUP_SCRIPT = PASSWORD_SCRIPT + PASSKEY_SCRIPT + _script("setup.js")
_CONNECT = "connect-src 'self'"  # for a challenge in place of one that grew old


def source_of(script: str) -> str:
    """Return what a policy allows to run (CSP level 3): exactly this script."""
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"script-src 'sha256-{digest}'"


def passkey_source(nonce: str) -> str:
    """Return what lets the sign-in page load its script, and ask for challenges.

    Everybody begins there, and it is kept small: the script is a file of its own.
    """
    return f"script-src 'nonce-{nonce}'; {_CONNECT}"


PASSWORD_SOURCE = source_of(PASSWORD_SCRIPT)
PASSKEY_SOURCE = f"{source_of(PASSKEY_SCRIPT)}; {_CONNECT}"
SETUP_SOURCE = f"{source_of(SETUP_SCRIPT)}; {_CONNECT}"
PRINT_SCRIPT = _script("print.js")
PRINT_SOURCE = source_of(PRINT_SCRIPT)
COPY_SCRIPT = _script("copy.js")
COPY_SOURCE = source_of(COPY_SCRIPT)
PICTURE_SCRIPT = _script("picture.js")
PICTURE_SOURCE = source_of(PICTURE_SCRIPT)
CHALLENGE_SCRIPT = _script("challenge.js")
CHALLENGE_SOURCE = source_of(CHALLENGE_SCRIPT)
