"""RFC 8707 §2, RFC 9068 §2: an API, and what its access tokens look like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.oauth.mappings.mapping import ClaimMapping

Access = Literal["assigned", "any"]
Form = Literal["string", "list"]
TokenType = Literal["at+jwt", "JWT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A protected resource.

    Attributes:
        identifier: What ``aud`` says of it, in every character.
        name: For people; empty where it goes by its identifier.
        scopes: What there is to be had at it, and what each means to people.
        access: Who may ask for tokens: clients that an administrator assigned it to,
            or any.
        access_token_ttl: Seconds that its tokens live; None is the server's.
        algorithm: That they are signed with; None is the server's.
        typ: Of the header. ``JWT`` is for libraries that know no other, and takes from
            them what tells an access token from others (RFC 9068 §2.1).
        audience_form: Whether ``aud`` is a string where there is one alone.
        scope_form: Whether ``scope`` is one, as RFC 9068 §2.2.3 has it.
        claims: Mappings of what is known about a person to claims of its tokens.
        is_exclusive: No token for it is for another as well.
        is_live: Whether it gets tokens at all now.
    """

    identifier: str
    name: str = ""
    scopes: Mapping[str, str] = field(default_factory=dict)
    access: Access = "assigned"
    access_token_ttl: int | None = None
    algorithm: str | None = None
    typ: TokenType = "at+jwt"
    audience_form: Form = "string"
    scope_form: Form = "string"
    claims: tuple[ClaimMapping, ...] = ()
    is_exclusive: bool = False
    is_live: bool = True
