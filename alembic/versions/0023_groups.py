"""Add groups of people and the roles that they carry (ADR-0077).

Expand: the release before neither reads nor writes the tables. A role that somebody has
through a group does not count there, which is less and never more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

_NAME = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables; there is no group, so nobody has more than before."""
    op.create_table(
        "groups",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("name_key", _NAME, nullable=False),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("name_key", name=op.f("uq_groups_name_key")),
    )
    op.create_table(
        "group_members",
        sa.Column("user_id", sa.Uuid(), primary_key=True),
        sa.Column("group_id", sa.Uuid(), primary_key=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_group_members_page", "group_members", ["group_id", "user_id"])
    op.create_table(
        "group_roles",
        sa.Column("group_id", sa.Uuid(), primary_key=True),
        sa.Column("role", sa.String(64), primary_key=True),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["role"], ["roles.name"], ondelete="CASCADE"),
    )
    op.create_index("ix_group_roles_role", "group_roles", ["role"])


def downgrade() -> None:
    """Drop the tables; whoever had a role through a group has it no more."""
    for table in ("group_roles", "group_members", "groups"):
        op.drop_table(table)
