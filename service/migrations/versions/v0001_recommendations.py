"""Recommendations, and the policies they came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "policies",
        sa.Column("manifest_sha256", sa.String(64), primary_key=True),
        sa.Column("documents", sa.Text, nullable=False),
    )
    op.create_table(
        "recommendations",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("patient_id", sa.String(200), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column(
            "policy_manifest_sha256", sa.String(64), sa.ForeignKey("policies.manifest_sha256"), nullable=False
        ),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("response", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_recommendations_created_at", "recommendations", ["created_at"])
    op.create_index("ix_recommendations_patient_id", "recommendations", ["patient_id"])


def downgrade() -> None:
    """Drop the two tables and all that they hold."""
    op.drop_table("recommendations")
    op.drop_table("policies")
