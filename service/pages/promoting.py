"""The command that promotes a version, ready to copy. A page never promotes: who does signs with the lab's key."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from data_contracts.gate import Gate, Waiver, in_state, unjudged, waivers_used

Stands = Literal["champion", "failed", "unjudged", "ready"]


@dataclass(frozen=True)
class Promoting:
    """Whether a version can be promoted, and how.

    Attributes:
        stands: it is the champion; a gate failed; a gate was not held against it; or it can be promoted.
        against: names of the gates that failed, or else of those that were not held against it.
        waivers: what who promotes has to accept besides; it has to be another person than who waived it.
        command: to fill in and run on the lab's machine; empty where it cannot be promoted.
    """

    stands: Stands
    against: tuple[str, ...]
    waivers: tuple[Waiver, ...]
    command: str


def promoting(name: str, version: str, gates: Sequence[Gate], *, champion: bool) -> Promoting:
    """How a version is promoted, by its gates."""
    failed, missing, waivers = in_state(gates, "failed"), unjudged(gates), waivers_used(gates)
    accepted = [word for waiver in waivers for word in ("--accept-waiver", waiver.gate)]
    command = "" if failed or missing else promote_command(name, version, accepted)
    stands: Stands = "failed" if failed else "unjudged" if missing else "champion" if champion else "ready"
    return Promoting(stands, failed or missing, waivers, command)


def promote_command(name: str, version: str, accepted: Sequence[str] = ()) -> str:
    """The command, every word quoted for a shell; who and why are left to be filled in."""
    return f'{shlex.join(["equipoise-lab", "promote", name, version, *accepted])} --by "" --why ""'
