"""The protocol's block ``card``: what a model card has to say and only people know; all else comes from the run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from data_contracts.protocol_block import Block, Column

Statement = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]

VariableName = Literal[
    "race",
    "ethnicity",
    "language",
    "sexual_orientation",
    "gender_identity",
    "sex",
    "date_of_birth",
    "social_determinants",
    "health_status_assessments",
]
"""Ids of the variables in ``source_attributes.yaml``."""


class CardBlock(Block):
    """What people state; what they leave out stands on the card as not stated. No figure of a study belongs here.

    Attributes:
        developer, contact: who answers for the policy, and how they are reached.
        funding: who paid for it.
        intended_use, intended_users: where they are not stated, the product's own.
        intended_population: for which patients.
        criteria: who was let into the records and who was not, where no ``target_trial`` says it.
        relevance: why records of these patients speak for those whom it is for.
        out_of_scope, known_risks: beyond those that hold for every study.
        references: published evaluations of what its use does to patients' outcomes.
        validity_monitoring, fairness_monitoring: how, by whom and how often both are watched in use.
        updates, corrections: how often it is learned again, and how soon after a risk was found.
        variables: column -> which of the rule's variables it is, where its name does not say it.
    """

    developer: Statement | None = None
    contact: Statement | None = None
    funding: Statement | None = None
    intended_use: Statement | None = None
    intended_users: Statement | None = None
    intended_population: Statement | None = None
    criteria: Statement | None = None
    relevance: Statement | None = None
    out_of_scope: tuple[Statement, ...] = ()
    known_risks: tuple[Statement, ...] = ()
    references: tuple[Statement, ...] = ()
    validity_monitoring: Statement | None = None
    fairness_monitoring: Statement | None = None
    updates: Statement | None = None
    corrections: Statement | None = None
    variables: dict[Column, VariableName] = Field(default_factory=dict)
