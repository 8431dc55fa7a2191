"""Whose a session is, for who may end it, and which of the provider's sessions it came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add both; sessions of before name neither, so that everybody logs in again."""
    op.execute("DELETE FROM sessions")
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("provider_session", sa.String(64)))
        table.add_column(sa.Column("account", sa.LargeBinary, nullable=False))
    op.create_index("ix_sessions_provider_session", "sessions", ["provider_session"])


def downgrade() -> None:
    """Drop both: everybody logs in again."""
    op.execute("DELETE FROM sessions")
    op.drop_index("ix_sessions_provider_session", "sessions")
    with op.batch_alter_table("sessions") as table:
        table.drop_column("account")
        table.drop_column("provider_session")
