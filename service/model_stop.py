"""The kill switch: an administrator takes a model out of service, or back, with a reason.

A model is called by its policy's name, whatever its version: a corrected one answers once somebody lifts the stop.
Any organisation's administrator stops it for all, as stopping is the safe direction. A stop stands until the
organisation that made it takes it back, or who runs the service lifts all: nobody puts back what another stopped.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from data_contracts.errors import ModelStopped, NotPermitted, WrongState
from service.event import Name, Words

Switch = Literal["stopped", "lifted", "withdrawn"]
"""Lifted: no stop stands any more. Withdrawn: one organisation took its own back, and another's stands."""

Hand = str | None
"""Who turns: an organisation; None is who runs the service."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StopOrder(_Data):
    """Who takes a model out or back, and why. It is kept in clear: say nothing of a patient in it.

    Attributes:
        by: the administrator's name.
        role: in words.
        why: the reason; there is no taking out, and no lifting, without one.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"by": "K. Adler", "role": "clinical safety officer", "why": "Harm reports of 3 May are looked into."}
            ]
        }
    )

    by: Name
    role: Name
    why: Words


class StopChange(_Data):
    """One turn of the switch.

    Attributes:
        switch: stopped, lifted, or withdrawn while another's stop stands.
        at: when, UTC.
        order: who and why.
        organisation: whose administrator it was; None: who runs the service.
    """

    switch: Switch
    at: datetime
    order: StopOrder
    organisation: Hand


class ModelStanding(_Data):
    """Whether a model answers.

    Attributes:
        policy: its name.
        in_service: False while a stop stands.
        stopped_by: the organisations whose stop stands, in the order that they stopped it; None among them is who
            runs the service.
        changes: every turn of the switch, oldest first.
    """

    policy: str
    in_service: bool
    stopped_by: tuple[Hand, ...]
    changes: tuple[StopChange, ...]


def standing_of(policy: str, changes: tuple[StopChange, ...]) -> ModelStanding:
    """Where the switch stands: the model is out while any stop stands."""
    held = stopped_by(changes)
    return ModelStanding(policy=policy, in_service=not held, stopped_by=held, changes=changes)


def stopped_by(changes: tuple[StopChange, ...]) -> tuple[Hand, ...]:
    """Whose stops stand after these turns."""
    held: dict[Hand, None] = {}
    for one in changes:
        if one.switch == "stopped":
            held.setdefault(one.organisation)
        elif one.switch == "lifted":
            held.clear()
        else:
            held.pop(one.organisation, None)
    return tuple(held)


def may_lift(held: tuple[Hand, ...], hand: Hand) -> bool:
    """Whether a hand may take a stop back: its own, or any if it runs the service."""
    return bool(held) and (hand is None or hand in held)


def lifting(policy: str, held: tuple[Hand, ...], hand: Hand) -> Switch:
    """What a hand's taking back comes to.

    Args:
        policy: the model's name.
        held: whose stops stand.
        hand: who takes back.

    Raises:
        WrongState: no stop stands.
        NotPermitted: it was others who stopped it.
    """
    if not held:
        raise WrongState(f"The model {policy} is in service: there is nothing to lift.")
    if not may_lift(held, hand):
        told = f"It was stopped by {told_hands(held)}, who can put it back; so can who runs the service"
        raise NotPermitted(f"{told} (equipoise lift).")
    return "lifted" if hand is None or held == (hand,) else "withdrawn"


def told_hands(held: tuple[Hand, ...]) -> str:
    """Whose stops stand, in words."""
    return " and ".join(one or "who runs the service" for one in held)


def stop_text(policy: str, stopped_at: datetime) -> str:
    """What is told of a model that is out of service. The reason stays with the administrator."""
    told = f"The model {policy} was taken out of service on {stopped_at:%Y-%m-%d at %H:%M} UTC, and ranks nobody."
    return f"{told} Go by the guideline; an administrator knows why, and who can lift it."


def check_in_service(policy: str, stopped_at: datetime | None) -> None:
    """Refuse what would be advice by a model that is out of service.

    Args:
        policy: the model's name.
        stopped_at: since when it is out, UTC; None if it answers.

    Raises:
        ModelStopped: it is out.
    """
    if stopped_at is not None:
        raise ModelStopped(stop_text(policy, stopped_at))
