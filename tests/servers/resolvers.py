"""Name servers that say what a test wants; nobody is asked."""

import asyncio

from app.core.outbound.guard import Resolver

PUBLIC = "93.184.216.34"


def answers(*addresses: str) -> Resolver:
    """Resolve every name to these addresses."""

    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(0)
        return list(addresses)

    return resolve


def in_turn(*rounds: list[str]) -> Resolver:
    """Resolve to other addresses each time, as a rebinding name server does."""
    left = list(rounds)

    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(0)
        return left.pop(0)

    return resolve


async def unknown(host: str, port: int) -> list[str]:
    """Resolve nothing."""
    await asyncio.sleep(0)
    raise OSError("no such name")
