"""APIs of the settings, compared with what is stored before anything is served."""

from app.config import PREFIX
from app.oauth.client_kind import signs_in
from app.repositories.unit_of_work import UnitOfWork
from app.resource_settings import DeclaredResource
from app.services.clients.resource import is_below, is_protected_host


async def declared_flaw(
    uow: UnitOfWork, declared: list[DeclaredResource], public_url: str
) -> str | None:
    """Return why an API of the settings cannot be one, and what to do; or None.

    ``aud`` keeps kinds of tokens apart (RFC 9068 section 5): an ID token for a client
    would pass for an access token for an API of the same name, and the reverse.
    """
    names = [each.identifier for each in declared]
    clients = await uow.oauth_clients.by_client_ids(names) if names else ()
    taken = {
        each.client_id for each in clients if signs_in(each.document["grant_types"])
    }
    for name in names:
        if is_below(name, public_url):
            flaw = "is of this server itself;"
        elif name in taken:
            flaw = "is the identifier of a client that signs people in, whose ID tokens"
            flaw += " would pass for access tokens; delete that client, or"
        elif await is_protected_host(uow, name):
            flaw = "is a protected host, whose visits have it in aud too;"
        else:
            continue
        return f"{PREFIX}RESOURCES: {name} {flaw} give the API another identifier"
    return None
