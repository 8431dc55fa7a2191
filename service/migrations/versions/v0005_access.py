"""Used tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "spent_tokens",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_spent_tokens_until", "spent_tokens", ["until"])


def downgrade() -> None:
    """Drop the table with all that it holds."""
    op.drop_table("spent_tokens")
