"""Who uses the pages, and an application that they come from."""

from tests.pages.conftest import shop, visitor

__all__ = ["shop", "visitor"]
