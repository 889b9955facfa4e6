"""``trusted-issuer``: whose tokens of workloads are believed."""

import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from app.cli.accounts.user_account import judged
from app.cli.base import (
    AsJson,
    Exit,
    Yes,
    confirm,
    every_page,
    fail,
    in_transaction,
    show,
    show_rows,
    show_steps,
    with_runtime,
)
from app.cli.options import option

if TYPE_CHECKING:
    from app.models.oauth.trusted_issuer import TrustedIssuer
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.clients.trusted_issuer import TrustedIssuerService
    from app.services.server.runtime import Runtime

app = typer.Typer(help="Whose tokens of workloads are believed.")
rule_app = typer.Typer(help="Whom tokens of an issuer speak for.")
app.add_typer(rule_app, name="rule")
Result = TypeVar("Result")


Name = Annotated[str, typer.Argument(help="Name of the trusted issuer")]
Client = Annotated[str, option("Whom a token speaks for", "--client")]
Equals = Annotated[
    list[str] | None,
    option("CLAIM=VALUE that it has to say; may be repeated", "--equals"),
]
Glob = Annotated[
    list[str] | None,
    option("CLAIM=PATTERN that has to fit; may be repeated", "--glob"),
]
User = Annotated[str | None, option("Id of the account to act for", "--user")]
Scope = Annotated[str | None, option("What it may ask for; unset: all", "--scope")]
Resources = Annotated[
    list[str] | None,
    option("What its token may be for; may be repeated", "--resource"),
]
Proves = Annotated[
    bool,
    option("It also authenticates the client", "--authenticates-client"),
]
Audiences = Annotated[
    list[str] | None, option("What aud may be besides; may be repeated", "--audience")
]
JwksUri = Annotated[
    str | None, option("Where the keys are; unset: discovery", "--jwks-uri")
]
Jwks = Annotated[Path | None, option("File with the keys, a JWK Set", "--jwks")]
Algorithms = Annotated[
    list[str] | None, option("May be repeated; unset: RS256, ES256", "--algorithm")
]
Lifetime = Annotated[
    int | None, option("Longest life of a token, in seconds", "--max-lifetime")
]
Reusable = Annotated[
    bool, option("A token may come again, as those in files do", "--reusable")
]


@app.command()
def create(
    name: Name,
    issuer: Annotated[str, option("Its URL, as iss has it", "--issuer")],
    client: Client,
    equals: Equals = None,
    glob: Glob = None,
    user: User = None,
    scope: Scope = None,
    resource: Resources = None,
    authenticates_client: Proves = False,
    audience: Audiences = None,
    jwks_uri: JwksUri = None,
    jwks: Jwks = None,
    algorithm: Algorithms = None,
    max_lifetime: Lifetime = None,
    reusable: Reusable = False,
    as_json: AsJson = False,
) -> None:
    """Trust an issuer, with a first rule: conditions, and whom tokens speak for.

    A claim is a name, or a JSON Pointer: `/kubernetes.io/namespace`.

    JSON: `TrustedIssuer`.
    """
    from app.schemas.trusted_issuer import TrustedIssuerCreate

    rule = _rule(client, equals, glob, user, scope, resource, authenticates_client)
    given = {
        "name": name,
        "issuer": issuer,
        "rules": [rule],
        "audiences": audience,
        "jwks_uri": jwks_uri,
        "jwks": None if jwks is None else _read_json(jwks),
        "algorithms": algorithm,
        "max_lifetime": max_lifetime,
        "single_use": not reusable,
    }
    body = judged(TrustedIssuerCreate, given)
    members = body.model_dump(mode="json", exclude={"name", "issuer"})

    async def work(issuers: "TrustedIssuerService") -> dict[str, Any]:
        return _shown(await issuers.create(body.name, body.issuer, members))

    show(_with_issuers(work), as_json)


@app.command(name="list")
def list_issuers(as_json: AsJson = False) -> None:
    """Print every trusted issuer: name, status and URL.

    JSON: an array of `TrustedIssuer`.
    """

    async def work(issuers: "TrustedIssuerService") -> list[dict[str, Any]]:
        rows = await every_page(issuers.list_page, lambda row: row.name)
        return [_shown(row) for row in rows]

    show_rows(_with_issuers(work), ("name", "status", "issuer"), as_json)


@app.command(name="show")
def show_issuer(name: Name, as_json: AsJson = False) -> None:
    """Print a trusted issuer and its rules.

    JSON: `TrustedIssuer`.
    """

    async def work(issuers: "TrustedIssuerService") -> dict[str, Any]:
        return _shown(await issuers.get(name))

    show(_with_issuers(work), as_json)


@app.command()
def update(
    name: Name,
    status: Annotated[str | None, option("active or disabled")] = None,
    audience: Audiences = None,
    jwks_uri: JwksUri = None,
    jwks: Jwks = None,
    discovery: Annotated[
        bool, option("Ask its discovery for the keys again", "--discovery")
    ] = False,
    algorithm: Algorithms = None,
    max_lifetime: Lifetime = None,
    single_use: Annotated[
        bool | None, option("Whether each token counts once", "--single/--reusable")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a trusted issuer; what is not named stays. Its rules: `rule`.

    JSON: `TrustedIssuer`.
    """
    given = {
        "status": status,
        "audiences": audience,
        "jwks_uri": jwks_uri,
        "jwks": None if jwks is None else _read_json(jwks),
        "algorithms": algorithm,
        "max_lifetime": max_lifetime,
        "single_use": single_use,
    }
    change = _change(given)
    if discovery or jwks_uri or jwks:  # one of three: the others go
        change = {"jwks": None, "jwks_uri": None, **change}
    show(_update(name, lambda _rules: change), as_json)


@app.command()
def delete(name: Name, yes: Yes = False, as_json: AsJson = False) -> None:
    """Trust an issuer no more.

    JSON: `name`, `deleted`.
    """

    async def work(issuers: "TrustedIssuerService") -> None:
        await issuers.delete(name, None)

    confirm(f"delete the trusted issuer {name}; its workloads get no tokens", yes)
    _with_issuers(work)
    done = {"name": name, "deleted": True}
    show(done, as_json, lines=[f"{name} is deleted."])


@app.command()
def check(name: Name, as_json: AsJson = False) -> None:
    """Ask an issuer for its keys, and print step by step what was seen.

    JSON: `TrustedIssuerTest`.
    """

    async def work(issuers: "TrustedIssuerService") -> dict[str, Any]:
        return (await issuers.test(name)).model_dump(mode="json")

    show_steps(_with_issuers(work), as_json)


@app.command()
def test(
    client: Annotated[
        str | None, option("Client that is named beside it", "--client")
    ] = None,
    authenticates_client: Proves = False,
    as_json: AsJson = False,
) -> None:
    """Read a workload's token from standard input, and say what it would be good for.

    It is not used up; keys are fetched as for a request.

    JSON: `issuer`, `subject`, `client_id`, `user_id`, `scope`, `expires_at`.
    """
    token = sys.stdin.read().strip()

    async def work(runtime: "Runtime") -> dict[str, Any]:
        from app.core.jose import InvalidToken
        from app.services.oauth.stores.assertion import preview

        try:
            return await preview(runtime, token, client, authenticates_client)
        except InvalidToken as error:
            fail(f"refused: {error}")

    show(with_runtime(work), as_json)


@rule_app.callback()
def _rules() -> None:
    """Whom tokens of an issuer speak for."""


@rule_app.command(name="add")
def add_rule(
    name: Name,
    client: Client,
    equals: Equals = None,
    glob: Glob = None,
    user: User = None,
    scope: Scope = None,
    resource: Resources = None,
    authenticates_client: Proves = False,
    as_json: AsJson = False,
) -> None:
    """Add a rule behind the others; the first that is fulfilled counts.

    JSON: `TrustedIssuer`.
    """
    rule = _rule(client, equals, glob, user, scope, resource, authenticates_client)
    show(_update(name, lambda rules: _change({"rules": [*rules, rule]})), as_json)


@rule_app.command(name="remove")
def remove_rule(
    name: Name,
    place: Annotated[int, typer.Argument(min=1, help="Which, counted from 1")],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Remove a rule.

    JSON: `TrustedIssuer`.
    """
    confirm(f"remove rule {place} of {name}", yes)

    def change(rules: list[Any]) -> Mapping[str, Any]:
        if place > len(rules):
            fail(f"{name} has {len(rules)} rules")
        return {"rules": rules[: place - 1] + rules[place:]}

    show(_update(name, change), as_json)


def _rule(
    client: str,
    equals: list[str] | None,
    glob: list[str] | None,
    user: str | None,
    scope: str | None,
    resources: list[str] | None,
    authenticates_client: bool,
) -> dict[str, Any]:
    conditions = [_condition("equals", each) for each in equals or ()]
    conditions += [_condition("glob", each) for each in glob or ()]
    return {
        "conditions": conditions,
        "client_id": client,
        "user_id": user,
        "scope": scope,
        "resources": resources,
        "authenticates_client": authenticates_client,
    }


def _condition(kind: str, text: str) -> dict[str, str]:
    claim, sign, value = text.partition("=")
    if not sign:
        fail(f"--{kind} must be CLAIM=VALUE", Exit.USAGE)
    return {"claim": claim, kind: value}


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        fail(f"{path}: {type(error).__name__}", Exit.USAGE)


def _change(given: Mapping[str, Any]) -> dict[str, Any]:
    from app.schemas.trusted_issuer import TrustedIssuerChange

    body = judged(TrustedIssuerChange, given)
    change: dict[str, Any] = body.model_dump(mode="json", exclude_unset=True)
    return change


def _update(
    name: str, change: Callable[[list[Any]], Mapping[str, Any]]
) -> dict[str, Any]:
    async def work(issuers: "TrustedIssuerService") -> dict[str, Any]:
        row = await issuers.get(name, lock=True)
        return _shown(await issuers.update(name, change(row.document["rules"]), None))

    return _with_issuers(work)


def _with_issuers(
    work: "Callable[[TrustedIssuerService], Awaitable[Result]]",
) -> Result:
    from app.services.clients.trusted_issuer import TrustedIssuerService

    async def run(uow: "UnitOfWork", runtime: "Runtime") -> Result:
        return await work(TrustedIssuerService(uow, runtime))

    return in_transaction(run)


def _shown(row: "TrustedIssuer") -> dict[str, Any]:
    from app.schemas.trusted_issuer import TrustedIssuer as Shown

    names = "name", "issuer", "status", "created_at", "updated_at"
    own = {name: getattr(row, name) for name in names}
    return Shown.model_validate({**row.document, **own}).model_dump(mode="json")
