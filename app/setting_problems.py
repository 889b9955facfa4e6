"""What is wrong with settings that are each right by themselves."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from app.setting_types import PREFIX, weakness
from app.typed_text import is_special_use

if TYPE_CHECKING:
    from app.config import Settings


def problems_of(settings: "Settings") -> Iterable[str]:
    """Yield what no installation may have."""
    for name in ("secret_key", "secret_key_second"):
        secret: SecretStr | None = getattr(settings, name)
        if secret is not None and (problem := weakness(secret.get_secret_value())):
            yield f"{PREFIX}{name.upper()} {problem}"
    if settings.admin.email and not settings.email.special_use_domains:
        if is_special_use(settings.admin.email):
            yield f"{PREFIX}ADMIN__EMAIL is what EMAIL__SPECIAL_USE_DOMAINS forbids"
    host = urlsplit(settings.public_url).hostname or ""
    domain = settings.passkey_domain
    is_above = "." in domain and host.endswith(f".{domain}")
    if domain != host and not is_above:
        yield f"{PREFIX}PASSKEY__RP_ID is neither the host of PUBLIC_URL nor above it"
    if settings.limits.store == "valkey" and settings.valkey_url is None:
        yield f"{PREFIX}LIMITS__STORE=valkey demands {PREFIX}VALKEY_URL"
    yield from _token_problems(settings)


def _token_problems(settings: "Settings") -> Iterable[str]:
    module, chosen = settings.pkcs11.module, settings.pkcs11
    for name, value in (("TOKEN", chosen.token), ("PIN", chosen.pin)):
        if module is not None and value is None:
            yield f"{PREFIX}PKCS11__MODULE demands {PREFIX}PKCS11__{name}"
    if settings.token.key_store == "pkcs11" and module is None:
        yield f"{PREFIX}TOKEN__KEY_STORE=pkcs11 demands {PREFIX}PKCS11__MODULE"


def production_problems_of(settings: "Settings") -> Iterable[str]:
    """Yield what production may not go without."""
    if settings.secret_key is None:
        yield f"{PREFIX}SECRET_KEY is demanded in production"
    if not settings.public_url.startswith("https://"):
        yield f"{PREFIX}PUBLIC_URL must be https in production"
    if settings.smtp.url is None:
        yield f"{PREFIX}SMTP__URL is demanded in production"
    if "sender" not in settings.smtp.model_fields_set:
        yield f"{PREFIX}SMTP__SENDER is demanded in production"
