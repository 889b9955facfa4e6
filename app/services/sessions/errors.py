"""Refusals of who is asking."""

from collections.abc import Mapping
from typing import Any

from app.core.exceptions import AppError, Forbidden, Unauthenticated


class _NotEnough(AppError):
    """A sign-in that is too old or too weak, with what would be enough."""

    def __init__(self, max_age: int, acr: str | None = None, hint: str = "") -> None:
        """Say what is needed.

        Args:
            max_age: How many seconds ago somebody may have signed in.
            acr: How strongly; None where the account has nothing stronger.
            hint: For the log.
        """
        super().__init__(hint)
        self.max_age, self.acr = max_age, acr

    @property
    def members(self) -> Mapping[str, Any]:
        """The same two as in the challenge of RFC 9470 section 3."""
        acr = {} if self.acr is None else {"acr_values": self.acr}
        return {**acr, "max_age": self.max_age}


class ReauthenticationRequired(_NotEnough, Forbidden):
    """The sign-in is too old, or too weak, for what was asked."""

    code = "reauthentication_required"
    title = "Sign in again to do this, with your second factor if you have one"


class InsufficientUserAuthentication(_NotEnough, Unauthenticated):
    """The same, told to an application, which has to send the person to sign in."""

    code = "insufficient_user_authentication"
    title = "Have the person sign in again, and ask for what this answer names"

    @property
    def headers(self) -> dict[str, str]:
        """RFC 9470 section 3."""
        said = {"error": self.code, "error_description": self.title, **self.members}
        fields = ", ".join(f'{name}="{value}"' for name, value in said.items())
        return super().headers | {"WWW-Authenticate": f"Bearer {fields}"}


class InsufficientScope(Forbidden):
    """The token holds, and an application may do nothing here (RFC 6750 §3.1)."""

    code = "insufficient_scope"
    title = "The token of an application is good for the owner's part of the API only"

    @property
    def headers(self) -> dict[str, str]:
        """No scope would open it, so none is named."""
        return super().headers | {"WWW-Authenticate": f'Bearer error="{self.code}"'}


class TokenScopeMissing(Forbidden):
    """A personal access token that holds, and was not made for this (RFC 6750 §3.1)."""

    code = "token_scope_missing"
    title = "The token was not made for this; make one with the scope that is named"

    def __init__(self, scope: str) -> None:
        """Name the scope."""
        super().__init__(hint=f"{scope} is missing")
        self.scope = scope

    @property
    def headers(self) -> dict[str, str]:
        """RFC 6750 section 3."""
        said = f'Bearer error="insufficient_scope", scope="{self.scope}"'
        return super().headers | {"WWW-Authenticate": said}

    @property
    def members(self) -> Mapping[str, Any]:
        """The same for a program that reads documents."""
        return {"scope": self.scope}


class TokenRefused(Forbidden):
    """Nothing that a personal access token ever does, whatever it was made for."""

    code = "token_refused"
    title = "A personal access token does not do this; sign in to do it"


class SecondFactorRequired(Forbidden):
    """The permission comes from a role that counts in sessions of two factors only."""

    code = "second_factor_required"
    title = "Sign in again with a second factor: what allows this demands one"

    def __init__(self, acr: str, hint: str = "") -> None:
        """Say how strongly the session has to be proven, and why to the log."""
        super().__init__(hint)
        self.acr = acr

    @property
    def members(self) -> Mapping[str, Any]:
        """As in the challenge of RFC 9470 section 3; any age is good."""
        return {"acr_values": self.acr}
