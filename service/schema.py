"""The tables of the service's database. Triggers of the migrations keep their rows from being changed."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKey, LargeBinary, MetaData, String, Table, Text

METADATA = MetaData()

POLICIES = Table(
    "policies",
    METADATA,
    Column("manifest_sha256", String(64), primary_key=True),
    Column("documents", Text, nullable=False),
)
"""The readable files of every policy that answered, so that an old answer's basis can always be told."""

RECOMMENDATIONS = Table(
    "recommendations",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("created_at", DateTime(timezone=True), nullable=False, index=True),
    Column("patient_id", String(200), nullable=False, index=True),
    Column("policy_manifest_sha256", String(64), ForeignKey("policies.manifest_sha256"), nullable=False),
    Column("request", Text, nullable=False),
    Column("response", LargeBinary, nullable=False),
)

EVENTS = Table(
    "events",
    METADATA,
    Column("recommendation_id", String(36), ForeignKey("recommendations.id"), primary_key=True),
    Column("action", String(20), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("content", Text, nullable=False),
    Column("page", LargeBinary),
)
"""What was done with a recommendation. Each action once: the key keeps two who do it at the same moment apart.

``page`` is what the patient may see, kept with its release."""
