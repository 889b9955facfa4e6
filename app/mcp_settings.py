"""Settings of the Model Context Protocol."""

from pydantic import Field

from app.setting_groups import Group


class McpSettings(Group):
    """Servers and clients of the Model Context Protocol (docs/mcp.md)."""

    enabled: bool = Field(
        False,
        description="Let MCP clients in that nobody registered: by the address of "
        "their metadata, or by registering themselves. People are asked each time.",
    )
