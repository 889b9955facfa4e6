"""Kinds of which the deviations are data, and how a kind becomes a connector."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.upstreams.client_authentication import ClientCredentials, Method
from app.upstreams.openid import OpenIdConnector, OpenIdProfile
from app.upstreams.password import PasswordConnector
from app.upstreams.protocol import (
    ConnectionConfig,
    RedirectConnector,
    Surroundings,
    UpstreamSettings,
)
from app.upstreams.settings import ClientSettings

S = TypeVar("S", bound=UpstreamSettings)
C = TypeVar("C", RedirectConnector, PasswordConnector)
IDENTIFYING = ("openid", "profile", "email")


@dataclass(frozen=True, slots=True)
class MadeKind(Generic[S, C]):
    """A kind, told by what makes a connector of its settings."""

    name: str
    title: str
    settings: type[S]
    build: Callable[[ConnectionConfig, Surroundings, S], C]
    asks_password: bool = False
    asks_at_least: int = 0

    def connect(self, config: ConnectionConfig, world: Surroundings) -> C:
        """Return a connector.

        Raises:
            TypeError: The settings are of another kind.
        """
        if not isinstance(config.settings, self.settings):
            raise TypeError(f"the settings are not those of {self.name}")
        return self.build(config, world, config.settings)


def openid_kind(
    name: str,
    title: str,
    settings: type[S],
    profile: Callable[[S], OpenIdProfile],
) -> MadeKind[S, RedirectConnector]:
    """Return a kind that speaks OpenID Connect and is told by its profile alone."""

    def build(
        config: ConnectionConfig, world: Surroundings, settings: S
    ) -> RedirectConnector:
        return OpenIdConnector(config, world, profile(settings))

    return MadeKind(name, title, settings, build)


def credentials_of(
    settings: ClientSettings, method: Method | None = None
) -> ClientCredentials:
    """Return a client with a secret.

    Args:
        settings: Of the connection.
        method: None takes what the provider's metadata offers.
    """
    return ClientCredentials(
        client_id=settings.client_id, secret=settings.client_secret, method=method
    )
