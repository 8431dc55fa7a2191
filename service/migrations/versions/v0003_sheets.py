"""The sheet that was released, byte for byte, beside the release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the column."""
    op.add_column("events", sa.Column("page", sa.LargeBinary))


def downgrade() -> None:
    """Drop the column with all that it holds."""
    op.drop_column("events", "page")
