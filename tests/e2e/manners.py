"""The ways in which people use pages; a journey that is walked in all of them holds."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.e2e.visitor import Visitor

MANNERS: dict[str, dict[str, Any]] = {
    "mouse": {},
    "keyboard": {},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
    "dark": {"color_scheme": "dark"},
    "bare": {"java_script_enabled": False},
}
# Of what is looked at by axe elsewhere, these two are left: neither is by mouse.
HANDS = ("keyboard", "phone")
Somebody = Callable[..., Awaitable[Visitor]]
