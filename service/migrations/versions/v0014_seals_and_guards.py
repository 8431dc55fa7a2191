"""Seals of audit records; and what is never changed is guarded against what goes past triggers of rows.

PostgreSQL's TRUNCATE fires none of them, and neither does SQLite's REPLACE, which removes the row in its way.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

GUARDED = {
    "recommendations": ("id",),
    "events": ("recommendation_id", "action"),
    "consents": ("position",),
    "audit": ("seq",),
    "cards": ("id",),
    "card_feedback": ("id",),
    "stops": ("position",),
    "harms": ("id",),
    "care": ("position",),
    "broken_glass": ("id",),
    "glass_reviews": ("glass",),
}
"""Tables by the columns of their keys."""


def upgrade() -> None:
    """Add the column, empty for records of before, the guards, and an index by which who was erased is found.

    On PostgreSQL the column has no default: a replica of the version before, which does not seal, writes no more.
    """
    op.add_column("audit", sa.Column("seal", sa.String(64), nullable=False, server_default=""))
    if _is_postgresql():
        op.alter_column("audit", "seal", server_default=None)
    op.create_index("ix_consents_listed", "consents", ["listed"])
    for table, key in GUARDED.items():
        op.execute(_guard(table, key))


def downgrade() -> None:
    """Drop them."""
    for table in GUARDED:
        op.execute(f"DROP TRIGGER {table}_{_what()}" + (f" ON {table}" if _is_postgresql() else ""))
    op.drop_index("ix_consents_listed", "consents")
    op.drop_column("audit", "seal")


def _guard(table: str, key: tuple[str, ...]) -> str:
    if _is_postgresql():
        return (
            f"CREATE TRIGGER {table}_{_what()} BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION equipoise_unchanging()"
        )
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    return (
        f"CREATE TRIGGER {table}_{_what()} BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
    )


def _what() -> str:
    return "no_truncate" if _is_postgresql() else "no_replace"


def _is_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"
