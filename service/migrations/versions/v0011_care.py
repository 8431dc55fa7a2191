"""Who treats whom, broken glass, and its review."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = ("care", "broken_glass", "glass_reviews")


def upgrade() -> None:
    """Make the tables; their rows are only ever added."""
    op.create_table(
        "care",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("person", sa.String(36), sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("clinician", sa.String(64), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_care_person", "care", ["person"])
    op.create_table(
        "broken_glass",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("person", sa.String(36), sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("clinician", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_broken_glass_person", "broken_glass", ["person"])
    op.create_table(
        "glass_reviews",
        sa.Column("glass", sa.String(36), sa.ForeignKey("broken_glass.id"), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    for table in TABLES:
        for change in ("UPDATE", "DELETE"):
            op.execute(_trigger(table, change))


def downgrade() -> None:
    """Drop the tables and all that they hold."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _trigger(table: str, change: str) -> str:
    name = f"{table}_no_{change.lower()}"
    if op.get_context().dialect.name == "postgresql":
        return (
            f"CREATE TRIGGER {name} BEFORE {change} ON {table} FOR EACH ROW EXECUTE FUNCTION equipoise_unchanging()"
        )
    return (
        f"CREATE TRIGGER {name} BEFORE {change} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
    )
