"""Where the mail server is, and what its refusals mean."""

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.config import PREFIX

_TRUST = f"{PREFIX}SMTP__CA_FILE names the authority to trust"
# What to do where the words of TLS and of a silent server do not say it.
_ADVICE = {
    "local issuer certificate": _TRUST,
    "self-signed certificate": _TRUST,
    "WRONG_VERSION_NUMBER": "there is no TLS from the first byte: try smtp://",
    "server ready message": "if there is TLS from the first byte: try smtps://",
}


@dataclass(frozen=True, slots=True)
class SmtpAddress:
    """Where the mail server is, and how it is talked to."""

    host: str
    port: int
    username: str | None
    password: str | None
    implicit_tls: bool
    starttls: bool

    @classmethod
    def parse(cls, url: str, *, has_ca: bool, is_plain: bool = False) -> Self:
        """Read the setting.

        STARTTLS is demanded, never merely tried: whoever can strip an offer reads every
        link otherwise. Only a server on this machine is spared, unless it has a CA, and
        a relay of the own network, if the operator said so (``is_plain``).
        """
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        implicit = parts.scheme == "smtps"
        return cls(
            host=host,
            port=port or (465 if implicit else 587),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            implicit_tls=implicit,
            starttls=not (implicit or is_plain) and (has_ca or not _is_loopback(host)),
        )


def open_smtp(
    address: SmtpAddress, *, ca_file: Path | None, timeout: float, ehlo: str = ""
) -> aiosmtplib.SMTP:
    """Return a client for one connection; nothing is connected yet."""
    encrypted = address.implicit_tls or address.starttls
    return aiosmtplib.SMTP(
        hostname=address.host,
        port=address.port,
        username=address.username,
        password=address.password,
        local_hostname=ehlo or None,
        timeout=timeout,
        use_tls=address.implicit_tls,
        start_tls=address.starttls,
        tls_context=ssl.create_default_context(cafile=ca_file) if encrypted else None,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def describe(error: Exception) -> str:
    """Return the server's words; refusals of recipients hide theirs in a list."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return "; ".join(f"{each.code} {each.message}" for each in error.recipients)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    text = f"{type(error).__name__}: {error}".removesuffix(": ")
    advice = (say for mark, say in _ADVICE.items() if mark in text)
    return "; ".join((text, *advice))
