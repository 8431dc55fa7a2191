"""Cards of CDS Hooks and what became of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = ("cards", "card_feedback")


def upgrade() -> None:
    """Make the tables; their rows are only ever added, or removed with the answer that they belong to."""
    op.create_table(
        "cards",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("person", sa.String(36), sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("recommendation_id", sa.String(36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hook", sa.String(20), nullable=False),
        sa.Column("news", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_cards_person", "cards", ["person"])
    op.create_index("ix_cards_recommendation_id", "cards", ["recommendation_id"])
    op.create_index("ix_cards_news", "cards", ["news"])
    op.create_table(
        "card_feedback",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("card", sa.String(100), nullable=False),
        sa.Column("person", sa.String(36), sa.ForeignKey("persons.id")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("content", sa.LargeBinary),
    )
    op.create_index("ix_card_feedback_card", "card_feedback", ["card"])
    op.create_index("ix_card_feedback_person", "card_feedback", ["person"])
    for table in TABLES:
        op.execute(_trigger(table))


def downgrade() -> None:
    """Drop the tables and all that they hold."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _trigger(table: str) -> str:
    if op.get_context().dialect.name == "postgresql":
        return (
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION equipoise_unchanging()"
        )
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
    )
