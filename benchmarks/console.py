"""The console's lists, as somebody at a browser asks for them."""

import asyncio
import re
from collections.abc import Sequence
from urllib.parse import quote

import httpx2

from benchmarks.load import get
from benchmarks.subject import address, person
from tests.servers.ports import LOOPBACK

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


async def signed_in(port: int) -> str:
    """Return the cookies of the first person, who signed in at a browser."""
    return await asyncio.to_thread(_sign_in, port)


def _sign_in(port: int) -> str:
    """Fill in the form of the page; its cookies are for https, so we carry them."""
    home = f"http://{LOOPBACK}:{port}"
    headers = {"X-Forwarded-For": address(0)}
    with httpx2.Client(base_url=home, headers=headers, trust_env=False) as http:
        page = http.get("/signin")
        fields = person(0) | {"csrf": _CSRF.findall(page.text)[0]}
        cookies = _kept(page)
        entered = http.post("/signin", data=fields, headers={"Cookie": cookies})
        if entered.status_code != 303:
            raise RuntimeError(f"/signin: {entered.status_code}")
        return _kept(entered)


def _kept(answer: httpx2.Response) -> str:
    fields = answer.headers.get_list("set-cookie")
    return "; ".join(field.partition(";")[0] for field in fields)


def lists(
    emails: Sequence[str], evidence: Sequence[Sequence[str]], times: int
) -> dict[str, Sequence[str]]:
    """Return what is asked for, by the name of its measure.

    Args:
        emails: Of accounts in the middle of what there is.
        evidence: User, correlation id and time of events in the middle.
        times: How often what is always the same is asked for.
    """
    users, audit = "/admin/users", "/admin/audit"
    same = {
        "users": users,
        "users, by address": f"{users}?sort=email",
        "users, oldest first": f"{users}?sort=created_at",
        "users, disabled": f"{users}?status=disabled",
        "users, not confirmed": f"{users}?verified=no",
        "users, confirmed by address": f"{users}?verified=yes&sort=-email",
        "users, second step": f"{users}?factor=yes",
        "users, second step by address": f"{users}?factor=yes&sort=email",
        "users, no second step": f"{users}?factor=no",
        "users, of a role": f"{users}?role=admin",
        "users, of a role by address": f"{users}?role=admin&sort=email",
        "users, of a rare day": f"{users}?since=2001-01-01&until=2001-01-02",
        "users, of a common day": f"{users}?since=2023-11-20&until=2023-11-21",
        "users, of all that": f"{users}?q=smith&status=disabled&verified=no&factor=yes",
        "users, two letters by address": f"{users}?q=an&sort=email",
        "audit trail": audit,
        "audit trail, common event": f"{audit}?event=sign_in.failed",
        "audit trail, rare event": f"{audit}?event=user.deleted",
        "audit trail, no such event": f"{audit}?event=user.eaten",
        "audit trail, of a client": f"{audit}?client_id=shop",
        "clients": "/admin/clients",
        "clients, by name": "/admin/clients?q=shop",
        "overview": "/admin",
    }
    each: dict[str, Sequence[str]] = {
        "users, exact": [f"{users}?q={quote(email)}" for email in emails],
        "users, prefix": [f"{users}?q={quote(e.split('@')[0])}" for e in emails],
        "users, substring": [f"{users}?q={quote(e.split('@')[0][4:])}" for e in emails],
        "palette": [f"/admin/palette?q={quote(email[:6])}" for email in emails],
        "audit trail, about one": [f"{audit}?user_id={e[0]}" for e in evidence],
        "audit trail, by one": [f"{audit}?actor_id={e[0]}" for e in evidence],
        "audit trail, rare, about one": [
            f"{audit}?event=user.deleted&user_id={e[0]}" for e in evidence
        ],
        "audit trail, request": [f"{audit}?correlation_id={e[1]}" for e in evidence],
        "audit trail, until": [f"{audit}?until={quote(e[2])}" for e in evidence],
        "audit trail, trace": [f"{audit}/trace/{e[1]}" for e in evidence],
    }
    return {name: [path] * times for name, path in same.items()} | each


def asked(path: str, cookies: str) -> bytes:
    """Return the bytes of a request for a page."""
    return get(path, fields={"Cookie": cookies, "Accept": "text/html"})
