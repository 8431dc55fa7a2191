"""Why somebody's sessions are ended.

A code and no text: the audit's chain, which keeps it, holds nothing that anybody typed of a patient.
"""

from __future__ import annotations

from typing import Literal, get_args

Why = Literal["left", "device_lost", "misuse", "other"]
"""The person left, a device was lost or stolen, somebody else may use the sessions, or another reason."""
WHYS: tuple[Why, ...] = get_args(Why)
