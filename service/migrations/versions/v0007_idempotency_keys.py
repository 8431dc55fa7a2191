"""Idempotency keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("body", sa.String(64), nullable=False),
        sa.Column("recommendation_id", sa.String(36), sa.ForeignKey("recommendations.id"), nullable=False),
    )
    op.create_index("ix_idempotency_keys_recommendation_id", "idempotency_keys", ["recommendation_id"])


def downgrade() -> None:
    """Drop the table with all that it holds."""
    op.drop_table("idempotency_keys")
