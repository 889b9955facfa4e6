"""What a page of the console costs: at most four statements, however much there is."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import event

from app.database import Database
from app.services.server.runtime import Runtime
from tests.support.api import Person
from tests.support.browser import Visitor

MOST = 4
PAGES = [
    "/admin",
    "/admin?by=day",
    "/admin/clients",
    "/admin/clients?q=shop",
    "/admin/clients/new?kind=web",
    "/admin/roles",
    "/admin/roles/admin",
    "/admin/new-role",
    "/admin/audit",
    "/admin/audit?event=sign_in.succeeded",
    "/admin/audit/trace/{request}",
    "/admin/keys",
    "/admin/outbox",
    "/admin/mails",
    "/admin/mails/invitation",
    "/admin/settings",
]


@pytest.fixture
def statements(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that is asked of the database, by SQLAlchemy or by the driver itself."""
    asked: list[str] = []
    fetch = Database.fetch_all

    async def noted(self: Database, statement: Any, values: Mapping[str, Any]) -> Any:
        asked.append(str(statement))
        return await fetch(self, statement, values)

    @event.listens_for(runtime.database.engine.sync_engine, "before_cursor_execute")
    def note(_c: Any, _u: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    monkeypatch.setattr(Database, "fetch_all", noted)
    return asked


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_costs_at_most_four_statements(
    visitor: Visitor, admin: Person, statements: list[str], runtime: Runtime, path: str
) -> None:
    async with runtime.unit_of_work(read_only=True) as uow:
        rows = await uow.audit_events.list_page(user_id=admin.id, after=None, limit=1)
    path = path.format(request=rows[0].correlation_id)
    statements.clear()

    page = await visitor.get(path)

    assert page.status_code == 200
    assert 2 <= len(statements) <= MOST, "\n".join(statements)
