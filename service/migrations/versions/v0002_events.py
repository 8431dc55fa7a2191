"""What was done with a recommendation; answers and events can be added and never changed.

The column `state` goes: the state follows from the events.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

UNCHANGING = ("recommendations", "events")


def upgrade() -> None:
    """Make the table and the triggers."""
    op.drop_column("recommendations", "state")
    op.create_table(
        "events",
        sa.Column("recommendation_id", sa.String(36), sa.ForeignKey("recommendations.id"), primary_key=True),
        sa.Column("action", sa.String(20), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    if _is_postgresql():
        op.execute(
            "CREATE FUNCTION equipoise_unchanging() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME; END $$"
        )
    for table in UNCHANGING:
        op.execute(_trigger(table))


def downgrade() -> None:
    """Drop the triggers and the table with all that it holds; every recommendation is a draft again."""
    for table in UNCHANGING:
        op.execute(f"DROP TRIGGER {table}_unchanging" + (f" ON {table}" if _is_postgresql() else ""))
    if _is_postgresql():
        op.execute("DROP FUNCTION equipoise_unchanging")
    op.drop_table("events")
    op.add_column("recommendations", sa.Column("state", sa.String(20), nullable=False, server_default="draft"))


def _trigger(table: str) -> str:
    if _is_postgresql():
        return (
            f"CREATE TRIGGER {table}_unchanging BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION equipoise_unchanging()"
        )
    return (
        f"CREATE TRIGGER {table}_unchanging BEFORE UPDATE ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
    )


def _is_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"
