"""Body of ``/api/v1/settings``."""

from typing import Any

from app.schemas.base import Output


class SettingsOut(Output):
    """The settings in force; secrets say only whether they are set."""

    settings: dict[str, Any]
