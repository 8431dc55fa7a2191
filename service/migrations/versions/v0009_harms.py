"""Reports of harm."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table; its rows are only ever added, or removed with the answer that they belong to."""
    op.create_table(
        "harms",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("recommendation_id", sa.String(36), sa.ForeignKey("recommendations.id"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_harms_recommendation_id", "harms", ["recommendation_id"])
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER harms_no_update BEFORE UPDATE ON harms "
            "FOR EACH ROW EXECUTE FUNCTION equipoise_unchanging()"
        )
    else:
        op.execute(
            "CREATE TRIGGER harms_no_update BEFORE UPDATE ON harms "
            "BEGIN SELECT RAISE(ABORT, 'rows of harms are never changed'); END"
        )


def downgrade() -> None:
    """Drop the table and all that it holds."""
    op.drop_table("harms")
