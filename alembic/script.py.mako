<%! from textwrap import fill %>\
"""${fill(message.rstrip("."), 84)}.

Expand, backfill or contract? One of them; the previous release must run unharmed
beside it (docs/operations.md, "Upgrade"). What drops something says ``unused_since``:
the first schema whose release names it nowhere.
"""

import sqlalchemy as sa
${imports if imports else ""}
from alembic import op

revision = "${up_revision}"
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Say what is added and what happens to existing rows."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Say what is lost."""
    ${downgrades if downgrades else "pass"}
