"""Django's ScryptPasswordHasher: ``scrypt$N$salt$r$p$hash``, the hash in base64."""

import re

from app.core.password_schemes.base import ImportedHandler, b64
from app.core.password_schemes.limits import HashRefused
from app.core.password_schemes.scrypt import Scrypt

_FORM = re.compile(
    r"scrypt\$(\d{1,10})\$([^$]+)\$(\d{1,5})\$(\d{1,5})\$([^$]+)", re.ASCII
)
_DIGEST_BYTES = 64


class DjangoScrypt(ImportedHandler):
    """passlib's own scrypt has another form (``$scrypt$ln=``)."""

    name = "django_scrypt"
    pattern = re.compile(r"scrypt\$")

    @classmethod
    def parse(cls, hashed: str) -> Scrypt:
        """Refuse a malformed form, or too much memory; the salt is text to Django.

        Raises:
            HashRefused: Either of them.
        """
        form = _FORM.fullmatch(hashed)
        if form is None:
            raise HashRefused("malformed Django scrypt hash")
        digest = b64(form[5])
        if len(digest) != _DIGEST_BYTES:
            raise HashRefused("Django scrypt hash of another length")
        costs = int(form[1]), int(form[3]), int(form[4])
        return Scrypt(*costs, form[2].encode(), digest)
