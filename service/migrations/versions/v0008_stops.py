"""The kill switch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table; its rows are only ever added."""
    op.create_table(
        "stops",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("policy", sa.String(200), nullable=False),
        sa.Column("switch", sa.String(10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_index("ix_stops_policy", "stops", ["policy"])
    for what in ("UPDATE", "DELETE"):
        op.execute(_trigger(what))


def downgrade() -> None:
    """Drop the table and all that it holds: every model answers again."""
    op.drop_table("stops")


def _trigger(what: str) -> str:
    name = f"stops_no_{what.lower()}"
    if op.get_context().dialect.name == "postgresql":
        return f"CREATE TRIGGER {name} BEFORE {what} ON stops FOR EACH ROW EXECUTE FUNCTION equipoise_unchanging()"
    return (
        f"CREATE TRIGGER {name} BEFORE {what} ON stops "
        "BEGIN SELECT RAISE(ABORT, 'rows of stops are never changed'); END"
    )
