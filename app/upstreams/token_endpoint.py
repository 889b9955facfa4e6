"""RFC 6749 §4.1.3, §5 and §6: codes and refresh tokens, made into tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.upstreams.client_authentication import ClientCredentials
from app.upstreams.door import Answer, Door
from app.upstreams.protocol import Reason, Refused, Step, Surroundings
from app.upstreams.values import shown, token

# What says that a client is known, and that a code made up is none of its codes.
_NO_SUCH_CODE = frozenset(
    {
        "invalid_grant",  # RFC 6749 §5.2
        "bad_verification_code",  # GitHub
        "invalid_code",  # Slack
    }
)
_OVER = frozenset({"invalid_grant", "bad_refresh_token"})  # the second is GitHub's
# Or that it is not.
_NO_SUCH_CLIENT = frozenset(
    {
        "invalid_client",  # RFC 6749 §5.2
        "unauthorized_client",
        "incorrect_client_credentials",  # GitHub
        "invalid_client_id",  # Slack
        "bad_client_secret",  # Slack
    }
)


@dataclass(frozen=True, slots=True)
class Issued:
    """What the token endpoint gave."""

    access_token: str = field(repr=False)
    id_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: float | None


class TokenEndpoint:
    """Asks one token endpoint, as the client that this service is there."""

    def __init__(self, credentials: ClientCredentials, world: Surroundings) -> None:
        """Ask by these credentials."""
        self._credentials = credentials
        self._world = world
        self._door = Door(world)

    async def redeem(
        self, endpoint: str, form: Mapping[str, str], offered: tuple[str, ...]
    ) -> Issued:
        """Return what a code or refresh token is worth.

        Args:
            endpoint: Its URL.
            form: ``grant_type``, and what goes with it.
            offered: How clients may prove themselves there.

        Raises:
            Refused: ``PROVIDER_ERROR`` if it is worth nothing; ``WITHDRAWN`` if a
                refresh token is worth nothing any more.
        """
        answer = await self._ask(endpoint, form, offered)
        said, fault = answer.members, fault_of(answer)
        if fault is not None:
            # 429 is no word about anybody, whatever stands in it.
            is_told = answer.status != 429 and fault.code in _OVER
            is_over = form["grant_type"] == "refresh_token" and is_told
            reason = Reason.WITHDRAWN if is_over else Reason.PROVIDER_ERROR
            raise Refused(reason, f"the token endpoint says {fault}")
        access_token = token(said, "access_token")
        if access_token is None or str(said.get("token_type")).lower() != "bearer":
            raise Refused(Reason.MALFORMED, "there is no bearer token in the answer")
        return Issued(
            access_token,
            token(said, "id_token"),
            token(said, "refresh_token"),
            self._expires_at(said),
        )

    async def probe(
        self, endpoint: str, redirect_uri: str, offered: tuple[str, ...]
    ) -> Step:
        """Ask with a code made up: what is wrong then tells if the client is known."""
        form = {
            "grant_type": "authorization_code",
            "code": self._world.randomness.token(),
            "redirect_uri": redirect_uri,
        }
        try:
            answer = await self._ask(endpoint, form, offered)
        except Refused as refused:
            return Step(name="client", ok=False, saw=refused.detail)
        fault = fault_of(answer) or Fault("", "a code that was made up is taken")
        if fault.code in _NO_SUCH_CLIENT or answer.status == 401:
            saw = f"it does not know this client, or not by this proof: {fault}"
            return Step(name="client", ok=False, saw=saw)
        if fault.code in _NO_SUCH_CODE:
            return Step(name="client", ok=True, saw="it knows this client")
        saw = f"it does not say whether it knows this client: {fault}"
        return Step(name="client", ok=True, saw=saw)

    async def _ask(
        self, endpoint: str, form: Mapping[str, str], offered: tuple[str, ...]
    ) -> Answer:
        headers, members = self._credentials.prove(endpoint, offered, self._world)
        return await self._door.post(endpoint, dict(form) | members, headers)

    def _expires_at(self, said: Mapping[str, Any]) -> float | None:
        seconds = said.get("expires_in")
        if type(seconds) is not int or not 0 < seconds < 10**9:
            return None
        return self._world.clock.now().timestamp() + seconds


@dataclass(frozen=True, slots=True)
class Fault:
    """What an answer says went wrong: a code to compare, and words to show."""

    code: str
    text: str

    def __str__(self) -> str:
        """Return both, for the audit trail."""
        return shown(f"{self.code} {self.text}".strip())


def fault_of(answer: Answer) -> Fault | None:
    """Return what an answer says went wrong, or None.

    An error may come with 200 (GitHub, Slack), and may be an object (Facebook).
    """
    said = answer.members
    error = said.get("error")
    if isinstance(error, dict):
        return Fault(str(error.get("code")), str(error.get("message")))
    if error is not None:
        return Fault(str(error), str(said.get("error_description", "")))
    if answer.status != 200:
        return Fault("", f"status {answer.status}")
    return None
