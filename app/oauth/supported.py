"""OIDC Discovery §3, RFC 8414 §2: what this server offers, said in one place.

The metadata publishes it, registration and authorization requests are held to it, so
that the three cannot drift apart.
"""

from dataclasses import dataclass

from app.oauth.clients.client import AuthMethod, SubjectType

# OIDC Core §3.1.2.1, Initiating User Registration via OpenID Connect §4.
PROMPTS = ("none", "login", "consent", "select_account", "create")


@dataclass(frozen=True, slots=True, kw_only=True)
class Supported:
    """What is really offered. Members mean the ``*_supported`` of the metadata.

    Attributes:
        claims: Names of claims that somebody may be given.
        prompts: Without ``create`` where nobody may make an account.
        assertion_algs: With which clients may sign ``private_key_jwt``.
        keyless_jwt: Whether ``private_key_jwt`` may do without keys of a client that
            signs nobody in: a trusted issuer may sign for it (RFC 7523 §2.2); not
            published.
        metadata_documents: Whether clients may be known by the address of their
            metadata.
        private_schemes: Of redirect URIs, without a dot; not published.
        preview_hosts: Names under which patterns of redirect URIs may be; neither.
    """

    scopes: tuple[str, ...]
    claims: tuple[str, ...]
    grant_types: tuple[str, ...]
    auth_methods: tuple[AuthMethod, ...]
    assertion_algs: tuple[str, ...] = ()
    id_token_algs: tuple[str, ...] = ("RS256",)
    userinfo_algs: tuple[str, ...] = ()
    subject_types: tuple[SubjectType, ...] = ("public", "pairwise")
    acr_values: tuple[str, ...] = ()
    prompts: tuple[str, ...] = PROMPTS
    ui_locales: tuple[str, ...] = ()
    keyless_jwt: bool = False
    metadata_documents: bool = False
    private_schemes: tuple[str, ...] = ()
    preview_hosts: tuple[str, ...] = ()
