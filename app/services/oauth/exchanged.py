"""Exchanges of tokens, told in the audit trail (RFC 8693 section 5)."""

from typing import Any

from app.events.oauth.grant import TokenExchanged
from app.oauth.grants.base import Granted
from app.services.clients.provider import Provider


async def tell_exchange(provider: Provider, granted: Granted, row: Any | None) -> None:
    """Write down who acts for whom, and where, if a grant is an exchange."""
    exchanged = granted.exchanged
    if exchanged is None:
        return
    told = TokenExchanged(
        user_id=None if row is None else row.user_id,
        client_id=granted.client.client_id,
        subject_client_id=exchanged.client_id,
        subject_jti=exchanged.token_id,
        audience=" ".join(one.identifier for one in granted.resources),
        scope=" ".join(granted.access_scope),
        acts=exchanged.act is not None,
    )
    what = told.subject_jti, told.client_id, told.audience, told.scope, told.acts
    if provider.exchanges.is_news(what):
        async with provider.unit_of_work() as uow:
            uow.record(told)
