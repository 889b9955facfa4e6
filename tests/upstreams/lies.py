"""Lies that a provider may tell, as functions that have a simulator tell them."""

from collections.abc import Callable
from typing import Any

from tests.servers.http import Answer
from tests.upstreams.simulator import Simulator

Lie = Callable[[Simulator], object]
HUGE: Answer = (200, {}, b'{"a": "' + b"a" * 300_000 + b'"}')


def signed(**claims: Any) -> Lie:
    """Say something else in the ID token."""
    return lambda evil: evil.signed.update(claims)


def at(seconds: int, *names: str) -> Lie:
    """Say an instant that is this far from now."""

    def lie(evil: Simulator) -> None:
        now = int(evil._clock.now().timestamp())
        evil.signed.update({name: now + seconds for name in names})

    return lie


def said(**members: Any) -> Lie:
    """Say something else in the metadata."""
    return lambda evil: evil.said.update(members)


def given(**members: Any) -> Lie:
    """Answer something else at the token endpoint."""
    return lambda evil: evil.given.update(members)


def told(**members: Any) -> Lie:
    """Answer something else at userinfo."""
    return lambda evil: evil.told.update(members)


def instead(name: str, status: int, body: bytes = b"", **headers: str) -> Lie:
    """Answer otherwise at a whole address."""

    def lie(evil: Simulator) -> None:
        at = evil.discovery if name == "discovery" else evil.at(name)
        evil.instead[at] = (status, headers, body)

    return lie
