"""Every column with sealed values is known, and whoever seals says where they go."""

import ast

from sqlalchemy import LargeBinary

from app.models import Base, IdempotencyKey
from app.services.server.secret_key.sealed import SEALED
from tests.architecture.source import ROOT

PLAIN = {
    "idempotency_keys.key_hash": "a digest",
    "idempotency_keys.request_hash": "a digest",
    "device_codes.code_hash": "a digest",
    "oauth_assertions.digest": "a digest",
    "oauth_client_secrets.digest": "a digest",
    "passkeys.credential_id": "public",
    "passkeys.public_key": "public",
    "passkeys.user_handle": "a digest",
    "personal_tokens.digest": "a digest",
    "upstream_entries.digest": "a digest",
    "user_pictures.content": "public",
}
SEALING = {
    "app/core/secret_key.py": "seals",
    "app/pages/demo/kept.py": "a cookie",
    "app/pages/upstream/way.py": "an address that is followed at once",
    "app/services/upstreams/configuration.py": "connections.sealed_secrets",
    "app/services/sign_in/elsewhere.py": "upstream_sessions.sealed_tokens",
    "app/services/upstreams/journey.py": "a sign-in of minutes",
    "app/services/accounts/foreign_factor.py": "totps.sealed_secret",
    "app/services/factors/stored.py": "totps.sealed_secret; a set-up of ten minutes",
    "app/services/outgoing/webhook.py": "webhooks.secret, webhooks.previous_secret",
    "app/services/outgoing/signing.py": (
        "webhooks.signing_key, webhooks.previous_signing_key"
    ),
    "app/core/keys/rotating.py": "seals",
    "app/services/server/idempotency_key.py": "idempotency_keys.body",
    "app/services/server/secret_key/kept.py": "kept_keys.sealed",
    "app/services/server/signing_key.py": "signing_keys.private_key",
}


def test_no_column_with_sealed_values_is_forgotten() -> None:
    """One that is new is either sealed anew, or says here why it is not."""
    binary = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    known = {each.column.name for each in SEALED}

    assert binary - known == PLAIN.keys()
    assert known - binary == {f"{IdempotencyKey.__tablename__}.body"}


def test_nobody_seals_what_is_not_known_of() -> None:
    """A column of text may have sealed values too: whoever seals says where they go."""
    found = set()
    for file in (ROOT / "app").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        calls = (n.func for n in ast.walk(tree) if isinstance(n, ast.Call))
        if any(isinstance(c, ast.Attribute) and c.attr == "seal" for c in calls):
            found.add(str(file.relative_to(ROOT)))

    assert found - {"app/core/secret_key.py"} == SEALING.keys() - {
        "app/core/secret_key.py"
    }
    columns = {each.column.name for each in SEALED}
    said = " ".join(SEALING.values())
    assert all(column in said for column in columns)
