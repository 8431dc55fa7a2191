"""The tables of the service's database. Triggers of the migrations keep their rows from being changed.

What is said of a patient stands in sealed fields (``service.storage.sealed_field``); in clear are only keys that are
drawn at random, times, hashes and codes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()

POLICIES = Table(
    "policies",
    METADATA,
    Column("manifest_sha256", String(64), primary_key=True),
    Column("documents", Text, nullable=False),
)
"""The readable files of every policy that answered, so that an old answer's basis can always be told."""

SURROUNDINGS = Table(
    "surroundings",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("content", Text, nullable=False),
)
"""What answers came from beside policy and profile: version, rules, offers, contacts; once for all that share them."""

PERSONS = Table(
    "persons",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("organisation", String(200), nullable=False),
    Column("patient", String(64), unique=True),
    Column("identifier", LargeBinary),
    Column("key_id", String(40), index=True),
    Column("wrapped_key", LargeBinary),
    Column("erased_at", DateTime(timezone=True)),
)
"""Each patient's own key, wrapped by a master key. ``patient`` is the keyed hash of the
identifier, which belongs to one organisation.

Erasure empties all but ``id``, ``organisation`` and ``erased_at``: nothing opens the person's fields any more, or
leads to them.
"""

RECOMMENDATIONS = Table(
    "recommendations",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("created_at", DateTime(timezone=True), nullable=False, index=True),
    Column("person", String(36), ForeignKey("persons.id"), nullable=False, index=True),
    Column("policy_manifest_sha256", String(64), ForeignKey("policies.manifest_sha256"), nullable=False),
    Column("surroundings_sha256", String(64), ForeignKey("surroundings.sha256")),
    Column("request", LargeBinary, nullable=False),
    Column("response", LargeBinary, nullable=False),
)
"""``request`` and ``response`` are sealed."""

EVENTS = Table(
    "events",
    METADATA,
    Column("recommendation_id", String(36), ForeignKey("recommendations.id"), primary_key=True),
    Column("action", String(20), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("page", LargeBinary),
)
"""What was done with a recommendation. Each action once: the key keeps two who do it at the same moment apart.

``page`` is what the patient may see, kept with its release. Both are sealed."""

CONSENTS = Table(
    "consents",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("person", String(36), ForeignKey("persons.id"), nullable=False, index=True),
    Column("purpose", String(20), nullable=False),
    Column("answer", String(10), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("listed", String(64), index=True),
)
"""The ledger of consents. ``position`` is that of its audit record; ``content``, who wrote it down and how, is sealed.

``listed`` is what the list of withdrawn patients calls the patient; it outlives an erasure, so that training leaves
the person out ever after."""

AUDIT = Table(
    "audit",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("seal", String(64), nullable=False),
)
"""The chain of audit records: each holds the hash of the one before it. ``seal`` is a keyed hash of its own, which the
service alone can make; records of before it was kept have none (an empty text)."""

STUDY_REQUESTS = Table(
    "study_requests",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("organisation", String(200), nullable=False, index=True),
    Column("asked_by", String(200), nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("name", String(200), nullable=False),
    Column("study_id", String(64), nullable=False),
    Column("state", String(10), nullable=False, index=True),
    Column("step", String(200), nullable=False, default=""),
    Column("share", Float, nullable=False, default=0.0),
    Column("worker", String(200)),
    Column("leased_until", DateTime(timezone=True)),
    Column("stopping", Boolean, nullable=False, default=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("exit_code", Integer),
    Column("message", Text, nullable=False, default=""),
    Column("version", String(200)),
)
"""Studies that were asked for. These rows change; what was done with them stands in the audit."""

STUDY_FILES = Table(
    "study_files",
    METADATA,
    Column("request", String(36), ForeignKey("study_requests.id"), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""A request's protocol, table and report, sealed by a key of the request's own. The table goes once it is done."""

SPENT_TOKENS = Table(
    "spent_tokens",
    METADATA,
    Column("token", String(64), primary_key=True),
    Column("until", BigInteger, nullable=False, index=True),
)
"""Hashes of issuer and token id, until the token has expired anyhow. All replicas share them."""

STOPS = Table(
    "stops",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("policy", String(200), nullable=False, index=True),
    Column("switch", String(10), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("content", Text, nullable=False),
)
"""The kill switch: models taken out of service and back. ``position`` is that of the audit record.

``content``, who and why, is an administrator's and stands in clear: nothing of a patient belongs there."""

HARMS = Table(
    "harms",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("recommendation_id", String(36), ForeignKey("recommendations.id"), nullable=False, index=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""Reports of harm, any number of an answer. ``content``, how bad it was and who reports it too, is sealed."""

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("who", String(64), nullable=False, index=True),
    Column("idle_until", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),
    Column("provider_session", String(64), index=True),
    Column("account", LargeBinary, nullable=False),
)
"""Sessions of browsers. ``id`` is the hash of the cookie, which alone opens ``content``; ``who`` a keyed hash of
issuer and subject, ``provider_session`` of issuer and the provider's own session (``sid``), if it told one.
``account``, whose it is, is sealed by the key ring, for who may end it. Rows go when a session ends; that it began and
ended stands in the audit."""

CARE = Table(
    "care",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("person", String(36), ForeignKey("persons.id"), nullable=False, index=True),
    Column("clinician", String(64), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""Who treats whom; the newest row of a pair counts. ``position`` is that of its audit record, ``clinician`` a keyed
hash of issuer and subject."""

BROKEN_GLASS = Table(
    "broken_glass",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("person", String(36), ForeignKey("persons.id"), nullable=False, index=True),
    Column("clinician", String(64), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""Who saw a patient whom they do not treat; ``content``, who and why, is sealed."""

GLASS_REVIEWS = Table(
    "glass_reviews",
    METADATA,
    Column("glass", String(36), ForeignKey("broken_glass.id"), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""What an auditor found of broken glass, each once. ``content`` is sealed with the patient's key."""

CARDS = Table(
    "cards",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("person", String(36), ForeignKey("persons.id"), nullable=False, index=True),
    Column("recommendation_id", String(36), nullable=False, index=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("hook", String(20), nullable=False),
    Column("news", String(64), nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),
)
"""Cards, shown or kept back. ``content`` is sealed; ``news`` is a keyed hash of what, to whom, of whom, and if shown.

What a card is about, and that it was shown where others are kept back, would tell of danger: both are sealed.
"""

CARD_FEEDBACK = Table(
    "card_feedback",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("card", String(100), nullable=False, index=True),
    Column("person", String(36), ForeignKey("persons.id"), index=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("content", LargeBinary),
)
"""What became of cards, each item once. ``content`` is sealed, and empty where the card is not known here."""

IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("body", String(64), nullable=False),
    Column("recommendation_id", String(36), ForeignKey("recommendations.id"), nullable=False, index=True),
)
"""Which answer a caller's Idempotency-Key led to; ``key`` and ``body`` are keyed hashes."""
