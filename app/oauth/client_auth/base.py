"""RFC 6749 §2.3, OIDC Core §9: what a method of client authentication is."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from app.oauth.clients.client import AuthMethod, Client
from app.oauth.parameters import Parameters
from app.oauth.ports import AssertionIds, TrustedIssuers


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client presented; nothing of it is proven.

    Attributes:
        proof: Secret or assertion; must reach neither the log nor an event.
        otherwise: What the same field says if its sender did not encode it as the
            standard has it.
    """

    method: AuthMethod
    client_id: str
    proof: str = field(default="", repr=False)
    otherwise: "Credentials | None" = None

    @property
    def readings(self) -> tuple["Credentials", ...]:
        """All that it may mean, as the standard reads it first."""
        return (self,) if self.otherwise is None else (self, self.otherwise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What credentials are judged by, besides the client they are for.

    Attributes:
        audiences: Names of this server that an assertion may be made out to: the
            issuer, and the URLs of the token endpoint and of the one that is asked.
        assertion_ids: Where an assertion is remembered.
        issuers: Who may sign for a client in its place.
    """

    now: datetime
    audiences: frozenset[str]
    assertion_ids: AssertionIds
    issuers: TrustedIssuers


class ClientAuthenticator(Protocol):
    """A method of client authentication; one file each, listed in ``__init__.py``."""

    @property
    def name(self) -> AuthMethod:
        """Its name in ``token_endpoint_auth_methods_supported``."""
        ...

    def read(
        self, authorization: str | None, parameters: Parameters
    ) -> Credentials | None:
        """Return the credentials of this method, or None if it was not tried.

        Args:
            authorization: The field of the request, if there was one.
            parameters: The body of the request.

        Raises:
            InvalidRequest: It was tried, and a parameter is missing.
            InvalidClient: It was tried, and what came cannot be read.
        """
        ...

    async def verify(
        self, client: Client, credentials: Credentials, surroundings: Surroundings
    ) -> None:
        """Return if the credentials prove who asks to be the client.

        Raises:
            InvalidClient: They do not; ``hint`` says why.
        """
        ...
