"""Sealed fields with a key for each person, the ledger of consents and the chain of audit records.

Answers and events of before are put aside as ``*_0003``; `service.storage.take_over` seals them when it next opens the
database with its keys, and drops what was in clear.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

KEPT = ("recommendations", "events")
NEVER_CHANGED = (("recommendations", "UPDATE"), ("events", "UPDATE"))
ONLY_ADDED = (("consents", "UPDATE"), ("consents", "DELETE"), ("audit", "UPDATE"), ("audit", "DELETE"))


def upgrade() -> None:
    """Put the old tables aside and make the new ones."""
    for table in KEPT:
        op.execute(f"DROP TRIGGER {table}_unchanging" + (f" ON {table}" if _is_postgresql() else ""))
    op.drop_index("ix_recommendations_created_at", "recommendations")
    op.drop_index("ix_recommendations_patient_id", "recommendations")
    for table in KEPT:
        op.rename_table(table, f"{table}_0003")
        if _is_postgresql():
            op.execute(f"ALTER INDEX {table}_pkey RENAME TO {table}_0003_pkey")
    _make_tables()
    for table, what in (*NEVER_CHANGED, *ONLY_ADDED):
        op.execute(_trigger(table, what))


def downgrade() -> None:
    """Only where nothing is kept: what is sealed is never written in clear again."""
    kept = op.get_bind().execute(sa.text("SELECT count(*) FROM audit")).scalar()
    if kept:
        raise RuntimeError("A database with sealed records is not brought back to a schema that keeps them in clear.")
    for table in ("events_0003", "recommendations_0003", "audit", "consents", "events", "recommendations", "persons"):
        op.execute(f"DROP TABLE IF EXISTS {table}")
    op.drop_table("surroundings")
    op.create_table(
        "recommendations",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("patient_id", sa.String(200), nullable=False),
        sa.Column(
            "policy_manifest_sha256", sa.String(64), sa.ForeignKey("policies.manifest_sha256"), nullable=False
        ),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("response", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_recommendations_created_at", "recommendations", ["created_at"])
    op.create_index("ix_recommendations_patient_id", "recommendations", ["patient_id"])
    op.create_table(
        "events",
        sa.Column("recommendation_id", sa.String(36), sa.ForeignKey("recommendations.id"), primary_key=True),
        sa.Column("action", sa.String(20), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("page", sa.LargeBinary),
    )
    for table in KEPT:
        op.execute(_trigger(table, "UPDATE", f"{table}_unchanging"))


def _make_tables() -> None:
    op.create_table(
        "surroundings",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "persons",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organisation", sa.String(200), nullable=False),
        sa.Column("patient", sa.String(64), unique=True),
        sa.Column("identifier", sa.LargeBinary),
        sa.Column("key_id", sa.String(40)),
        sa.Column("wrapped_key", sa.LargeBinary),
        sa.Column("erased_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_persons_key_id", "persons", ["key_id"])
    _make_answers()
    op.create_table(
        "consents",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("person", sa.String(36), sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("answer", sa.String(10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("listed", sa.String(64)),
    )
    op.create_index("ix_consents_person", "consents", ["person"])
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )


def _make_answers() -> None:
    op.create_table(
        "recommendations",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person", sa.String(36), sa.ForeignKey("persons.id"), nullable=False),
        sa.Column(
            "policy_manifest_sha256", sa.String(64), sa.ForeignKey("policies.manifest_sha256"), nullable=False
        ),
        sa.Column("surroundings_sha256", sa.String(64), sa.ForeignKey("surroundings.sha256")),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("response", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_recommendations_created_at", "recommendations", ["created_at"])
    op.create_index("ix_recommendations_person", "recommendations", ["person"])
    op.create_table(
        "events",
        sa.Column("recommendation_id", sa.String(36), sa.ForeignKey("recommendations.id"), primary_key=True),
        sa.Column("action", sa.String(20), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("page", sa.LargeBinary),
    )


def _trigger(table: str, what: str, name: str | None = None) -> str:
    name = name or f"{table}_no_{what.lower()}"
    if _is_postgresql():
        return f"CREATE TRIGGER {name} BEFORE {what} ON {table} FOR EACH ROW EXECUTE FUNCTION equipoise_unchanging()"
    return (
        f"CREATE TRIGGER {name} BEFORE {what} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
    )


def _is_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"
