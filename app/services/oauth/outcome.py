"""What comes of a request: a step of the person, or an answer."""

from dataclasses import dataclass

from app.oauth.authorize import AuthorizationRequest
from app.oauth.interaction import ConsentState, Step
from app.oauth.response_modes import Answer
from app.services.oauth.device.device_answer import DeviceAnswered
from app.services.oauth.redirect import Withheld
from app.services.sign_in.browser_session import BrowserAccount


@dataclass(frozen=True, slots=True)
class Due:
    """A step of the person comes first; ``flow`` is what its page is opened with."""

    step: Step
    flow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A flow as pages show it.

    Attributes:
        step: What is due; DONE also when the client is going to be told of a refusal.
        account: Whose consent is asked for.
        claims: Those asked for that no scope stands for.
        shown: What agreeing to this is agreeing to; the form brings it back.
        known: What was agreed to before; of nothing at the first time.
    """

    step: Step
    request: AuthorizationRequest
    account: BrowserAccount | None
    claims: tuple[str, ...]
    shown: str
    known: ConsentState = ConsentState()


Outcome = Due | Answer | Withheld | DeviceAnswered
