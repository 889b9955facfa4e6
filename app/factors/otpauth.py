"""Keys of authenticator apps as they travel: base32, and the Key URI format.

https://github.com/google/google-authenticator/wiki/Key-Uri-Format
"""

import re
from base64 import b32decode, b32encode
from binascii import Error as Base32Error
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from app.factors.totp import ALGORITHMS, DIGITS, TotpKey

MIN_SECRET_BYTES = 10  # what apps were given for years; ours are twice as long
MAX_SECRET_BYTES = 128  # the block of SHA-512: a longer key is hashed (RFC 2104)
MAX_PERIOD = 3_600
_GROUPING = re.compile(r"[\s\-]+")
_ALGORITHM = re.compile(r"(?:HMAC-?)?SHA-?(1|256|512)", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,4}")


def base32_of(secret: bytes) -> str:
    """Return a secret as apps take it: base32 without padding (RFC 4648)."""
    return b32encode(secret).decode().rstrip("=")


def read_base32(text: str) -> bytes:
    """Return the secret: in any case, in groups, with padding or without.

    Raises:
        ValueError: It is no base32.
    """
    plain = _GROUPING.sub("", text).rstrip("=").upper()
    try:
        return b32decode(plain + "=" * (-len(plain) % 8))
    except (Base32Error, ValueError):
        raise ValueError("the secret is no base32") from None


def uri_of(key: TotpKey, issuer: str, account: str) -> str:
    """Return what a QR code for authenticator apps says.

    The first colon of the label ends the issuer, so neither may have one.
    """
    issuer, account = issuer.replace(":", " "), account.replace(":", " ")
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    fields = {
        "secret": base32_of(key.secret),
        "issuer": issuer,
        "algorithm": key.algorithm,
        "digits": key.digits,
        "period": key.period,
    }
    return f"otpauth://totp/{label}?{urlencode(fields, quote_via=quote, safe='')}"


def qr_svg(uri: str) -> str:
    """Return a QR code as SVG to stand inside of a page.

    Black on white whatever the page looks like, with the margin that cameras need, and
    without styles: a strict Content-Security-Policy lets it through.
    """
    # Here: a megabyte that only who sets an app up needs.
    import segno

    code = segno.make_qr(uri, error="m")
    # Without a size of its own it is drawn in that of its place, whole; with one a
    # smaller place would cut it off.
    svg: str = code.svg_inline(
        omitsize=True,
        border=4,
        dark="#000",
        light="#fff",
        title="QR code",
        svgclass=None,
        lineclass=None,
    )
    # Programs show it as a picture too, which is no picture without its namespace.
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def read_uri(text: str) -> TotpKey:
    """Return the key of such a URI; what else stands in it is not ours.

    Raises:
        ValueError: It is none, or of a code that no clock drives; it says which.
    """
    parts = urlsplit(text.strip())
    if parts.scheme != "otpauth" or parts.netloc.lower() != "totp":
        raise ValueError("only otpauth://totp/ is known")
    pairs = [(name.lower(), value) for name, value in parse_qsl(parts.query)]
    fields = dict(pairs)
    if len(fields) != len(pairs) or "secret" not in fields:
        raise ValueError("it needs one secret, and nothing twice")
    return checked_key(
        read_base32(fields["secret"]),
        algorithm=fields.get("algorithm", "SHA1"),
        digits=fields.get("digits", "6"),
        period=fields.get("period", "30"),
    )


def checked_key(
    secret: bytes,
    *,
    algorithm: str = "SHA1",
    digits: int | str = 6,
    period: int | str = 30,
) -> TotpKey:
    """Return the key that somebody else's words mean, such as ``HmacSHA256``.

    Raises:
        ValueError: No app would make codes of it, or anybody could guess it.
    """
    size = _ALGORITHM.fullmatch(algorithm)
    if size is None:
        raise ValueError(f"the algorithm is one of {', '.join(ALGORITHMS)}")
    if not MIN_SECRET_BYTES <= len(secret) <= MAX_SECRET_BYTES:
        raise ValueError(
            f"the secret has {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes"
        )
    if _number(digits) not in DIGITS:
        raise ValueError("a code has 6 or 8 digits")
    if not 1 <= _number(period) <= MAX_PERIOD:
        raise ValueError(f"the period is 1 to {MAX_PERIOD} seconds")
    return TotpKey(
        secret=secret,
        algorithm=f"SHA{size[1]}",
        digits=_number(digits),
        period=_number(period),
    )


def _number(value: int | str) -> int:
    text = str(value)
    return int(text) if _NUMBER.fullmatch(text) else 0
