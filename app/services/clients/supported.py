"""What this server offers to applications, made from the settings."""

from app.config import Settings
from app.core import jose
from app.core.language import tags
from app.oauth.acr import LEVELS
from app.oauth.claims import STANDARD_CLAIMS
from app.oauth.client_auth import METHODS
from app.oauth.clients.resource import Resource
from app.oauth.grants import GRANTS
from app.oauth.grants.device_code import DeviceCode
from app.oauth.grants.jwt_bearer import JwtBearer
from app.oauth.grants.token_exchange import TokenExchange
from app.oauth.scopes import ASSIGNED
from app.oauth.supported import PROMPTS, Supported

PERSON_SCOPES = ("openid", "profile", "email", "address", "phone", "offline_access")


def build_supported(settings: Settings) -> Supported:
    """Return it; metadata, registration and requests are all held to it."""
    algorithms = tuple(settings.oauth.id_token_algorithms)
    # Where nobody may make an account, nobody is asked to (prompt=create).
    may_register = settings.registration_mode in ("open", "verified")
    prompts = PROMPTS if may_register else tuple(p for p in PROMPTS if p != "create")
    return Supported(
        scopes=(*PERSON_SCOPES, *sorted(ASSIGNED), *settings.oauth.scopes),
        claims=STANDARD_CLAIMS,
        grant_types=_grant_types(settings),
        auth_methods=tuple(method.name for method in METHODS),
        assertion_algs=jose.ALGORITHMS,
        keyless_jwt=True,
        metadata_documents=settings.client_documents,
        id_token_algs=algorithms,
        userinfo_algs=algorithms,
        acr_values=LEVELS,
        prompts=prompts,
        ui_locales=tags(),
        private_schemes=tuple(settings.oauth.private_schemes),
        preview_hosts=tuple(settings.oauth.preview_hosts),
    )


def _grant_types(settings: Settings) -> tuple[str, ...]:
    """Return the grants that are not switched off."""
    choices = {
        DeviceCode.name: settings.oauth.device_authorization,
        JwtBearer.name: settings.oauth.jwt_bearer,
        TokenExchange.name: settings.oauth.token_exchange,
    }
    off = {name for name, is_on in choices.items() if not is_on}
    return tuple(grant.name for grant in GRANTS if grant.name not in off)


def declared_resources(settings: Settings) -> tuple[Resource, ...]:
    """Return the APIs of AUTH_SERVE_RESOURCES as the engine sees them."""
    return tuple(Resource(**each.model_dump()) for each in settings.resources)
