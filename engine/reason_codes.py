"""Reasons as numbers, so that those of many patients and arms stand in one array."""

from __future__ import annotations

from data_contracts.recommendation import Reason

REASONS = tuple(Reason)
CODE = {reason: code for code, reason in enumerate(REASONS)}
OPEN = -1
"""In place of a reason's code: the arm may be ranked."""
