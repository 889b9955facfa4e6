"""Keep attributes of people, and what they may be (ADR-0088).

Expand: the release before neither reads nor writes them; who is deleted there takes
theirs along (foreign keys).
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def _name() -> sa.types.TypeEngine[str]:
    bytewise = sa.String(63, collation="C")
    return sa.String(63).with_variant(bytewise, "postgresql")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "attributes",
        sa.Column("name", _name(), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("owner_access", sa.String(8), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("pattern", sa.String(200), nullable=True),
        sa.Column("max_length", sa.Integer(), nullable=True),
        sa.Column("allowed", sa.JSON(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_attributes")),
    )
    op.create_table(
        "user_attributes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("attribute", _name(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_attributes_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["attribute"],
            ["attributes.name"],
            name=op.f("fk_user_attributes_attribute_attributes"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "attribute", name=op.f("pk_user_attributes")
        ),
    )
    op.create_index(
        op.f("ix_user_attributes_attribute"), "user_attributes", ["attribute"]
    )


def downgrade() -> None:
    """Drop both: what was known of people has to be said anew."""
    op.drop_table("user_attributes")
    op.drop_table("attributes")
