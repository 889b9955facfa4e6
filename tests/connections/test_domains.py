"""Domains of a connection: added, verified by DNS or by somebody's word, removed."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import dns.rcode
import pytest

from app.core.outbound import OutboundFailed
from app.core.outbound.txt import txt_records
from app.jobs import realm_domains
from app.jobs.realm_domains import RealmDomainsJob
from app.setting_types import dns_server
from tests.cli.test_account import told
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.connections.support import add_connection
from tests.servers.dns import DnsServer
from tests.support.api import Api
from tests.support.chance import FakeClock

RESOLVER = DnsServer()


@pytest.fixture(scope="module")
def resolver() -> Iterator[DnsServer]:
    """A resolver that this service asks."""
    with RESOLVER as server:
        yield server


@pytest.fixture
def options() -> dict[str, object]:
    return {"outbound": {"dns_servers": [RESOLVER.address]}}


@pytest.fixture(autouse=True)
def fresh(resolver: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Know no record, and answer."""
    monkeypatch.setattr(resolver, "records", {})
    monkeypatch.setattr(resolver, "rcode", dns.rcode.NOERROR)
    resolver.asked.clear()


async def test_a_record_in_dns_verifies_a_domain(api: Api, resolver: DnsServer) -> None:
    root = await api.admin()
    path = f"/connections/{await add_connection(api, root, 'firm')}/domains"

    made = (await api.post(path, {"domain": "Bücher.example."}, root)).json()
    verify = f"{path}/{made['id']}/verify"
    early = await api.post(verify, {}, root)
    name, value = made["record_name"], made["record_value"]
    resolver.records[name] = ["v=spf1 -all", f"{value}x", value.upper()]
    wrong = await api.post(verify, {"by": "dns"}, root)
    resolver.records[name] = ["v=spf1 -all", value]
    right = await api.post(verify, {}, root)
    listed = (await api.get(path, root)).json()["items"]

    assert name == "_auth-serve.xn--bcher-kva.example"
    assert value.startswith("auth-serve-verification=") and len(value) > 60
    assert made["verified_at"] is None
    assert (early.status_code, early.json()["code"]) == (409, "realm_domain_not_proven")
    assert wrong.status_code == 409 and right.status_code == 200
    assert right.json()["verified_by"] == "dns" and listed == [right.json()]
    assert set(resolver.asked) == {name}
    events = [each for each in await api.trail(None) if ".domain_" in each]
    assert events == ["connection.domain_added", "connection.domain_verified"]


async def test_a_resolver_that_cannot_say_verifies_nothing(
    api: Api, resolver: DnsServer
) -> None:
    root = await api.admin()
    path = f"/connections/{await add_connection(api, root, 'firm')}/domains"
    made = (await api.post(path, {"domain": "firm.example"}, root)).json()
    resolver.records[made["record_name"]] = [made["record_value"]]
    resolver.rcode = dns.rcode.SERVFAIL

    answer = await api.post(f"{path}/{made['id']}/verify", {}, root)

    assert answer.status_code == 503
    assert (await api.get(path, root)).json()["items"] == [made]


async def test_a_domain_is_one_connections_and_of_no_registry(api: Api) -> None:
    root = await api.admin()
    first = f"/connections/{await add_connection(api, root, 'first')}/domains"
    other = f"/connections/{await add_connection(api, root, 'other')}/domains"
    made = (await api.post(first, {"domain": "firm.example"}, root)).json()

    taken = await api.post(other, {"domain": "FIRM.example"}, root)
    refused = [
        await api.post(other, {"domain": each}, root)
        for each in ("com", "", "a b.example", "x" * 250 + ".example", "firm.example/")
    ]
    not_its = await api.delete(f"{other}/{made['id']}", root)
    word = await api.post(f"{first}/{made['id']}/verify", {"by": "administrator"}, root)
    gone = await api.delete(f"{first}/{made['id']}", root)

    assert taken.json()["code"] == "realm_domain_taken"
    assert {each.status_code for each in refused} == {422}
    assert not_its.json()["code"] == "realm_domain_not_found"
    assert word.json()["verified_by"] == "administrator"
    assert gone.status_code == 204
    assert (await api.get(first, root)).json()["items"] == []


async def test_a_record_that_is_gone_is_told_and_nothing_is_taken_away(
    api: Api, resolver: DnsServer, clock: FakeClock
) -> None:
    root = await api.admin()
    path = f"/connections/{await add_connection(api, root, 'firm')}/domains"
    made = (await api.post(path, {"domain": "firm.example"}, root)).json()
    resolver.records[made["record_name"]] = [made["record_value"]]
    await api.post(f"{path}/{made['id']}/verify", {}, root)
    job, asked = RealmDomainsJob(api.runtime), len(resolver.asked)

    await job.run()
    soon = len(resolver.asked) - asked
    clock.advance(hours=25)
    resolver.rcode = dns.rcode.SERVFAIL
    await job.run()
    resolver.rcode, resolver.records = dns.rcode.NOERROR, {}
    for _ in range(3):
        await job.run()
        clock.advance(hours=25)
    root = await api.signed_in(root)
    [missing] = (await api.get(path, root)).json()["items"]
    leader = await api.runtime.connections.leader("firm.example")
    resolver.records[made["record_name"]] = [made["record_value"]]
    await job.run()
    [found] = (await api.get(path, root)).json()["items"]

    assert soon == 0  # once a day
    assert missing["missing_since"] and missing["verified_at"]
    assert leader is not None and leader.name == "firm"
    assert found["missing_since"] is None
    events = [each for each in await api.trail(None) if ".domain_" in each]
    assert events.count("connection.domain_missing") == 1
    assert events[-1] == "connection.domain_verified"


async def test_servers_that_do_not_answer_hide_nobody_elses_record(
    api: Api, resolver: DnsServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = await api.admin()
    path = f"/connections/{await add_connection(api, root, 'firm')}/domains"
    for name in ("dark.example", "firm.example"):
        made = (await api.post(path, {"domain": name}, root)).json()
        resolver.records[made["record_name"]] = [made["record_value"]]
        await api.post(f"{path}/{made['id']}/verify", {}, root)
        clock.advance(seconds=1)
    resolver.records = {}
    monkeypatch.setattr(resolver, "broken", {"_auth-serve.dark.example"})
    monkeypatch.setattr(realm_domains, "BATCH", 1)
    job = RealmDomainsJob(api.runtime)
    clock.advance(hours=25)
    for _ in range(2):
        await job.run()
        clock.advance(hours=1)
    root = await api.signed_in(root)
    dark, firm = (await api.get(path, root)).json()["items"]

    assert firm["missing_since"] is not None and dark["missing_since"] is None


async def test_the_commands_do_the_same(
    api: Api,
    resolver: DnsServer,
    monkeypatch: pytest.MonkeyPatch,
    database_url: str,
) -> None:
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setenv("AUTH_SERVE_OUTBOUND__DNS_SERVERS", resolver.address)
    await add_connection(api, await api.admin(), "firm")
    noun = ("connection", "domain")

    made = told(*noun, "add", "firm", "firm.example")
    early = await asyncio.to_thread(run, *noun, "verify", "firm", "firm.example")
    resolver.records[made["record_name"]] = [made["record_value"]]
    proven = told(*noun, "verify", "firm", "FIRM.example")
    second = told(*noun, "add", "firm", "two.example", "--verified")
    listed = told(*noun, "list", "firm")
    gone = told(*noun, "remove", "firm", "two.example", "--yes")
    unknown = run(*noun, "list", "nobody")
    changed = told("connection", "update", "firm", "--local-passwords")

    assert early.exit_code == 1 and "TXT record" in early.stderr
    assert (proven["verified_by"], second["verified_by"]) == ("dns", "administrator")
    assert listed == [proven, second]
    assert gone == {"domain": "two.example", "removed": True}
    assert unknown.exit_code == 1 and changed["local_passwords"] is True
    assert json.dumps(listed)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
        ("dns.example", None),
        ("192.0.2.1:0", None),
        ("192.0.2.1:x", None),
        ("[2001:db8::1]", None),
    ],
)
def test_a_resolver_is_an_address(text: str, read: Any) -> None:
    if read is None:
        with pytest.raises(ValueError, match="must"):
            dns_server(text)
    else:
        assert dns_server(text) == read


async def test_a_name_that_dns_could_not_have_is_no_look_up(
    resolver: DnsServer,
) -> None:
    with pytest.raises(OutboundFailed):
        await txt_records("x" * 64 + ".example", [resolver.address])
    assert resolver.asked == []
