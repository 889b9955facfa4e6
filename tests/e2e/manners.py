"""The ways in which people use pages; a journey that is walked in all of them holds.

By mouse in the dark and by keyboard in the light, so that axe judges both: what a page
does is not another thing in other colours.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.e2e.visitor import Visitor

MANNERS: dict[str, dict[str, Any]] = {
    "mouse": {"color_scheme": "dark"},
    "keyboard": {"color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
    "bare": {"java_script_enabled": False},
}
# What the account and the console are used with; there, script may be needed.
HANDS = ("mouse", "keyboard", "phone")
Somebody = Callable[..., Awaitable[Visitor]]
