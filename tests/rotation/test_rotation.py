"""The secret key is rotated: what is sealed, what stays the same, what is refused."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.core.secret_key import SecretKey
from app.models import AuditEvent, Base, KeptKey, Totp
from app.repositories.keys.sealed_value import SealedValueRepository
from app.services.factors.stored import unsealed
from app.services.outgoing.signing import secrets_of
from app.services.process import batches
from app.services.server.backup import BackupService
from app.services.server.diagnosis import DiagnosisService
from app.services.server.idempotency_key import Answer, IdempotencyService
from app.services.server.runtime import Runtime
from app.services.server.secret_key.presence import SealingPresence
from app.services.server.secret_key.reseal import ResealRefused, ResealService
from app.services.server.secret_key.sealed import SEALED
from app.services.server.startup import StartRefused, start
from tests.conftest import SECRET
from tests.factories.factor import SECRET as APP
from tests.factories.factor import FactorFactory
from tests.outgoing.support import add_webhook
from tests.support.job import Make, add_user

pytest_plugins = ["tests.support.job"]
OLD, NEW, OTHER = SECRET, "new-" + SECRET, "other-" + SECRET
ADVICE = "docs/operations.md"


async def started(make: Make, first: str, second: str | None = None) -> Runtime:
    """Start, and end as far as others know."""
    runtime = make(secret_key=first, secret_key_second=second)
    await start(runtime)
    await SealingPresence(runtime).leave()
    return runtime


async def refusal(make: Make, first: str, second: str | None = None) -> str:
    with pytest.raises(StartRefused) as refused:
        await started(make, first, second)
    return str(refused.value)


async def events(runtime: Runtime) -> list[tuple[str, Mapping[str, Any]]]:
    query = select(AuditEvent).where(AuditEvent.name.startswith("secret_key."))
    async with runtime.database.session(read_only=True) as db:
        rows = await db.scalars(query.order_by(AuditEvent.id))
        return [(row.name, row.data) for row in rows]


async def app_of(runtime: Runtime, user_id: UUID) -> bytes | None:
    """Return the secret of somebody's authenticator app."""
    async with runtime.unit_of_work(read_only=True) as uow:
        row = await uow.totps.of(user_id)
    assert row is not None
    return unsealed(runtime, row.sealed_secret, user_id)


async def answered(runtime: Runtime, text: str) -> str:
    """Ask twice with one key; return what the first who asked was told."""

    async def make() -> Answer:
        return Answer(201, text, None)

    async with runtime.unit_of_work() as uow:
        service = IdempotencyService(uow, runtime.secret_key, runtime.claims)
        answer = await service.once(
            "key", route="a", caller=None, body=b"{}", make=make, is_secret=True
        )
        return answer.body


async def test_the_first_start_keeps_what_every_release_before_derived(
    make_runtime: Make,
) -> None:
    first = await started(make_runtime, OLD)
    again = await started(make_runtime, OLD)

    before = SecretKey(OLD)
    for runtime in (first, again):
        assert runtime.secret_key.pairwise == before.pairwise
        assert runtime.secret_key.digest(b"x") == before.digest(b"x")
    async with first.database.session(read_only=True) as db:
        rows = {row.name: row.sealed for row in await db.scalars(select(KeptKey))}
    assert set(rows) == {"digest", "pairwise-subject"}
    assert before.pairwise not in rows["pairwise-subject"]
    assert await events(first) == []


async def test_a_rotation_loses_nothing_and_changes_nothing_that_must_not(
    make_runtime: Make,
) -> None:
    before = await started(make_runtime, OLD)
    user = await add_user(before)
    await FactorFactory(before).totp(user.id)
    webhook_id, secret, _ = await add_webhook(before, "https://a.example", "user.*")
    assert await answered(before, "first") == "first"
    pairwise, digest = before.secret_key.pairwise, before.secret_key.digest(b"x")
    one = await started(make_runtime, OLD, NEW)
    two = await started(make_runtime, NEW, OLD)
    late = await add_user(two, "late@example.com")
    await FactorFactory(two).totp(late.id)

    refused = await refusal(make_runtime, NEW)
    found = {each.name: each for each in await ResealService(two).reseal()}
    after = await started(make_runtime, NEW)

    assert before.secret_key.marks[0] in refused and ADVICE in refused
    assert "auth-serve key reseal" in refused
    counted = {name: (each.present, each.second) for name, each in found.items()}
    assert counted == {
        "kept_keys.sealed": (0, 2),
        "signing_keys.private_key": (0, len(one.settings.signing_algorithms)),
        "webhooks.secret": (0, 1),
        "webhooks.previous_secret": (0, 0),
        "webhooks.signing_key": (0, 0),
        "webhooks.previous_signing_key": (0, 0),
        "connections.sealed_secrets": (0, 0),
        "upstream_sessions.sealed_tokens": (0, 0),
        "idempotency_keys.body": (0, 1),
        "totps.sealed_secret": (1, 1),
    }
    for runtime in (one, two, after):
        assert runtime.secret_key.pairwise == pairwise
        assert runtime.secret_key.digest(b"x") == digest
        assert await app_of(runtime, user.id) == await app_of(runtime, late.id) == APP
        assert await answered(runtime, "second") == "first"
        async with runtime.unit_of_work(read_only=True) as uow:
            row = await uow.webhooks.by_id(webhook_id)
        assert row and secrets_of(runtime, row, runtime.clock.now()) == [secret]
    told = await ResealService(after).tallies()
    assert not any(each.second + each.unreadable for each in told)
    resealed = sum(each.second for each in found.values())
    (old,), (new,) = before.secret_key.marks, after.secret_key.marks
    assert await events(after) == [
        ("secret_key.rotation_begun", {"key": new, "before": [old]}),
        (
            "secret_key.rotation_ended",
            {"key": new, "before": old, "resealed": resealed},
        ),
    ]
    assert new in await refusal(make_runtime, OLD)


async def test_who_has_not_every_key_that_seals_does_not_start(
    make_runtime: Make,
) -> None:
    """Nor does a refused start leave anything behind."""
    before = await started(make_runtime, OLD)
    refused = [
        await refusal(make_runtime, OTHER),
        await refusal(make_runtime, NEW, OTHER),
    ]
    assert await started(make_runtime, OLD)
    await started(make_runtime, NEW, OLD)
    refused += [
        await refusal(make_runtime, OLD),
        await refusal(make_runtime, OLD, OTHER),
        await refusal(make_runtime, OTHER, OLD),
        await refusal(make_runtime, OTHER),
    ]

    assert all(ADVICE in each for each in refused)
    async with before.unit_of_work(read_only=True) as uow:
        sealing = set(await uow.kept_keys.sealing())
    assert sealing == {*SecretKey(OLD).marks, *SecretKey(NEW).marks}


async def _forget(runtime: Runtime) -> None:
    """Leave the database as the release before has it."""
    async with runtime.database.session() as db:
        for table in ("kept_keys", "sealing_keys"):
            await db.execute(Base.metadata.tables[table].delete())
        await db.commit()


@pytest.mark.parametrize("keys", [(OTHER,), (OLD, NEW), (NEW, OLD), (NEW, OTHER)])
async def test_nothing_is_kept_that_may_come_from_the_wrong_key(
    make_runtime: Make, keys: tuple[str, ...]
) -> None:
    """The first start after an upgrade has the one key of before, or is none."""
    before = await started(make_runtime, OLD)
    await _forget(before)

    refused = await refusal(make_runtime, *keys)

    assert ADVICE in refused
    async with before.unit_of_work(read_only=True) as uow:
        assert not await uow.kept_keys.all() and not await uow.kept_keys.sealing()
    assert (await started(make_runtime, OLD)).secret_key.pairwise == (
        SecretKey(OLD).pairwise
    )


async def test_an_installation_may_begin_with_two_keys(make_runtime: Make) -> None:
    one = await started(make_runtime, OLD, NEW)
    other = await started(make_runtime, NEW, OLD)

    assert one.secret_key.pairwise == other.secret_key.pairwise


class Stopped(Exception):
    """The process ended here."""


async def test_who_is_stopped_half_way_goes_on_where_it_was(
    make_runtime: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", 1)
    before = await started(make_runtime, OLD)
    people = [await add_user(before, f"p{n}@example.com") for n in range(3)]
    for each in people:
        await FactorFactory(before).totp(each.id)
    both = await started(make_runtime, NEW, OLD)
    service, looked = ResealService(both), 0

    def stop() -> None:
        nonlocal looked
        looked += 1
        if looked == count - 1:
            raise Stopped

    count = await service.count()
    with pytest.raises(Stopped):
        await service.reseal(stop)
    assert SecretKey(OLD).marks[0] in await refusal(make_runtime, NEW)
    left = {each.name: each.second for each in await service.tallies()}
    again = {each.name: each.second for each in await service.reseal()}

    assert left == again
    assert left.pop("totps.sealed_secret") == 1 and not any(left.values())
    after = await started(make_runtime, NEW)
    assert [await app_of(after, each.id) for each in people] == [APP] * 3


async def test_what_somebody_wrote_meanwhile_is_not_overwritten(
    make_runtime: Make,
) -> None:
    runtime = await started(make_runtime, OLD)
    user = await add_user(runtime)
    await FactorFactory(runtime).totp(user.id)
    column = SEALED[-1].column
    async with runtime.unit_of_work() as uow:
        values = SealedValueRepository(uow.db)
        [(at, _, value)] = await values.batch(column, None, 10)
        await values.replace(column, [{"at": at, "before": b"x", "after": b"y"}])
        [unchanged] = await values.batch(column, None, 10)
        assert unchanged[2] == value
        await values.replace(column, [{"at": at, "before": value, "after": b"y"}])
        [changed] = await values.batch(column, None, 10)
        assert changed[2] == b"y"


async def test_a_process_that_was_forgotten_keeps_the_old_key_needed(
    make_runtime: Make,
) -> None:
    """It sealed something behind the back of who seals all of it anew."""
    forgotten = await started(make_runtime, OLD, NEW)
    users = [await add_user(forgotten, f"p{n}@example.com") for n in range(2)]
    both = await started(make_runtime, NEW, OLD)

    class Behind(ResealService):
        async def tallies(self) -> Any:
            await FactorFactory(forgotten).totp(users.pop().id)
            return await super().tallies()

    with pytest.raises(ResealRefused, match="a process still has it"):
        await Behind(both).reseal()

    assert ADVICE in await refusal(make_runtime, NEW)
    await ResealService(both).reseal()
    assert await started(make_runtime, NEW)


async def test_with_one_key_there_is_nothing_to_seal_anew(make_runtime: Make) -> None:
    with pytest.raises(ResealRefused, match="only one"):
        await ResealService(await started(make_runtime, OLD)).reseal()


async def test_what_no_key_opens_is_told_and_keeps_nobody_from_rotating(
    make_runtime: Make,
) -> None:
    before = await started(make_runtime, OLD)
    user = await add_user(before)
    await FactorFactory(before).totp(user.id)
    async with before.database.session() as db:
        lost = SecretKey(OTHER).seal(APP, b"n" * 12, f"totps {user.id}")
        await db.execute(update(Totp).values(sealed_secret=lost))
        await db.commit()

    found = await ResealService(await started(make_runtime, NEW, OLD)).reseal()

    assert [t.unreadable for t in found] == [0] * 9 + [1]
    assert await started(make_runtime, NEW)


async def test_the_way_back_is_the_same_way(make_runtime: Make) -> None:
    before = await started(make_runtime, OLD)
    await ResealService(await started(make_runtime, NEW, OLD)).reseal()

    await ResealService(await started(make_runtime, OLD, NEW)).reseal()

    after = await started(make_runtime, OLD)
    assert after.secret_key.pairwise == before.secret_key.pairwise
    assert ADVICE in await refusal(make_runtime, NEW)


async def test_the_doctor_says_which_step_is_open(make_runtime: Make) -> None:
    async def said(first: str, second: str | None = None) -> tuple[str, str]:
        runtime = make_runtime(secret_key=first, secret_key_second=second)
        finding = await DiagnosisService(runtime, runtime.write_probe)._keys()
        return finding.status, finding.seen + finding.advice

    await started(make_runtime, OLD)
    alone = await said(OLD)
    prepared = await said(OLD, NEW)
    both = await started(make_runtime, NEW, OLD)
    turned, missing = await said(NEW, OLD), await said(NEW)
    await ResealService(both).reseal()

    assert [each[0] for each in (alone, prepared, turned, missing)] == [
        *("ok", "warning", "warning", "failed")
    ]
    assert "key reseal" in turned[1] and SecretKey(OLD).marks[0] in missing[1]
    assert (await said(NEW))[0] == "ok"


async def test_a_backup_of_the_old_key_comes_back_with_both(
    make_runtime: Make, tmp_path: Any
) -> None:
    before = await started(make_runtime, OLD)
    file = tmp_path / "backup"
    await BackupService(before).back_up(file)
    await ResealService(await started(make_runtime, NEW, OLD)).reseal()

    both = make_runtime(secret_key=NEW, secret_key_second=OLD)
    await BackupService(both).restore(file, replace=True)

    assert SecretKey(OLD).marks[0] in await refusal(make_runtime, NEW)
    again = await started(make_runtime, NEW, OLD)
    assert again.secret_key.pairwise == before.secret_key.pairwise
