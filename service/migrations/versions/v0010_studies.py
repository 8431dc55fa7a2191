"""Studies that were asked for, and their files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "study_requests",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organisation", sa.String(200), nullable=False),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("study_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("step", sa.String(200), nullable=False),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("worker", sa.String(200)),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("stopping", sa.Boolean, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("exit_code", sa.Integer),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("version", sa.String(200)),
    )
    op.create_index("ix_study_requests_organisation", "study_requests", ["organisation"])
    op.create_index("ix_study_requests_state", "study_requests", ["state"])
    op.create_table(
        "study_files",
        sa.Column("request", sa.String(36), sa.ForeignKey("study_requests.id"), primary_key=True),
        sa.Column("kind", sa.String(10), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables and all that they hold."""
    op.drop_table("study_files")
    op.drop_table("study_requests")
