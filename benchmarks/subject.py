"""A build that is measured: its service, its database, and who uses it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path

import asyncpg
import uvloop

from benchmarks.applications import Applications, made_anew, repeated, rotating
from benchmarks.builds import Build
from benchmarks.load import Connection, Load, Step, drive, get, post, post_form
from benchmarks.stage import Cores, Stage, serving
from tests.servers.postgres import create_database

USERS = 64
CONNECTIONS = 16
_DEVICES = 24_000  # more than ask within four seconds, who would be slowed down
_URN = "urn:ietf:params:oauth:grant-type"
_PASSWORD = "violet harbour stone 42"
_NO_MAIL = "DELETE FROM outbox"  # of the registrations: nobody is there to take it
_LONGER = """UPDATE one_time_tokens SET expires_at = expires_at + interval '1 hour'
    WHERE purpose = 'authorization_code'"""  # made beforehand, for all of the run


@dataclass
class Subject:
    """A build under test; requests of the same people go on from turn to turn."""

    build: Build
    database_url: str
    log: Path
    cores: Cores
    options: Mapping[str, Mapping[str, str]]
    stage: Stage = field(init=False)
    applications: Applications = field(init=False)
    sessions: list[dict[str, str]] = field(default_factory=list)
    _steps: dict[str, list[Step]] = field(default_factory=dict)

    @contextmanager
    def serving(
        self, kind: str = "production", *, workers: int | None = None
    ) -> Iterator[Stage]:
        """Start its service as one more process.

        With ``workers`` it may use all cores, and is as many processes, of which each
        hashes one password at a time: what one more of them brings is to be seen.
        """
        cores = [self.cores.server] if workers is None else [*self.cores.both]
        options = {**self.options[kind], **dict(self.build.settings)}
        if workers is not None:
            options["AUTH_SERVE_PASSWORD__HASHING_THREADS"] = str(workers)
        with serving(
            self.build, self.database_url, self.log, cores, options, workers or 1
        ) as stage:
            yield stage

    async def drive(
        self, name: str, make: Callable[[], list[Step]], seconds: float
    ) -> Load:
        """Put it under a load that was made once and goes on where it was."""
        steps = self._steps.get(name) or self._steps.setdefault(name, make())
        used = self.stage.busy_seconds()
        load = await drive(self.stage.port, steps, seconds)
        load.cpu_seconds = self.stage.busy_seconds() - used
        return load

    def who_am_i(self) -> list[Step]:
        """People whose application asks who they are."""
        return [
            repeated(get("/api/v1/users/me", each["access_token"]))
            for each in self.sessions
        ]

    def visit(self) -> list[Step]:
        """People whose every request to a protected host is asked about."""
        cookies = self.build.ask("visits", self.database_url, CONNECTIONS)
        return [repeated(_visit(each)) for each in cookies]

    def polls(self) -> list[Step]:
        """Devices that wait, each of which asks once in an interval at most.

        Raises:
            NotKnown: The build has no devices.
        """
        made = self.build.ask("devices", self.database_url, _DEVICES)
        fields = {"grant_type": f"{_URN}:device_code", "client_id": made["client_id"]}
        requests = cycle(
            [
                post_form("/oauth2/token", {**fields, "device_code": each})
                for each in made["codes"]
            ]
        )

        async def step(connection: Connection) -> bool:
            answer = await connection.send(next(requests))
            return b"authorization_pending" in answer.body

        return [step] * CONNECTIONS

    def refresh(self) -> list[Step]:
        """People whose sessions go on."""
        return refreshes(self.sessions)


def _visit(cookie: str) -> bytes:
    """Return what nginx asks about a request of somebody."""
    return (
        "GET /forward-auth/nginx HTTP/1.1\r\nHost: bench\r\n"
        "X-Forwarded-Host: wiki.example.org\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-Uri: /page?id=1\r\nX-Forwarded-Method: GET\r\n"
        f"X-Forwarded-For: 198.51.100.7\r\nCookie: {cookie}\r\n"
        "Accept: text/html\r\n\r\n"
    ).encode()


def refreshes(sessions: list[dict[str, str]]) -> list[Step]:
    """Return users who exchange each refresh token for the next."""
    return [
        rotating(
            each["refresh_token"],
            lambda token: post("/api/v1/auth/refresh", {"refresh_token": token}),
        )
        for each in sessions
    ]


def address(number: int) -> str:
    """Return where a user sits: each somewhere else, as in life."""
    return f"198.51.100.{number + 1}"


def person(number: int) -> dict[str, str]:
    """Return what a user types."""
    return {"email": f"user{number}@example.com", "password": _PASSWORD}


def sign_in(number: int) -> bytes:
    """Return the sign-in of one user."""
    return post("/api/v1/auth/login", person(number), address(number))


def sign_ins(count: int) -> list[Step]:
    """Return users who sign in again and again, each on a connection."""
    return [made_anew(partial(sign_in, number)) for number in range(count)]


async def sign_in_some(port: int, count: int) -> list[dict[str, str]]:
    """Sign some users in, one after another."""
    connection = await Connection.open(port)
    answers = [await connection.send(sign_in(number)) for number in range(count)]
    connection.close()
    return [answer.json() for answer in answers]


def prepared(build: Build, admin_url: str, directory: Path, cores: Cores) -> Subject:
    """Make the database of a build: schema and accounts, by a process of its own."""
    name = f"bench_{build.name.strip('+')}_{build.root.name}"
    asyncio.run(create_database(admin_url, name))
    url = f"{admin_url.rpartition('/')[0]}/{name}"
    subject = Subject(build, url, directory / name, cores, build.ask("settings"))
    with subject.serving("preparing") as stage:
        uvloop.run(_register(stage.port))
    asyncio.run(_execute(url, _NO_MAIL))
    return subject


async def enter(subject: Subject, stage: Stage, codes: int) -> None:
    """Sign people in, and have applications made if codes are asked for."""
    subject.stage = stage
    subject.sessions = await sign_in_some(stage.port, CONNECTIONS)
    if codes:
        url = subject.database_url
        made = subject.build.ask("applications", url, "user0@example.com", codes)
        await _execute(url, _LONGER)
        subject.applications = await Applications.signed_in(
            stage.port, made, CONNECTIONS
        )


async def _register(port: int) -> None:
    """Make the accounts that sign in."""
    connection = await Connection.open(port)
    for number in range(USERS):
        request = post("/api/v1/auth/register", person(number), address(number))
        (await connection.send(request)).json()
    connection.close()


async def _execute(database_url: str, statement: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
