"""The value of following the advice, as the report's page shows it: one row for each other way to choose."""

from __future__ import annotations

from typing import Any

WAYS = {
    "best_single": "the best single arm for everyone",
    "reference": "the reference for everyone",
    "clinicians": "what clinicians really chose",
}


def compared_values(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Comparisons that could be made, in words, with mean outcomes in the outcome's own direction."""
    found = summary["policy_value"]
    if found is None:
        return []
    primary = summary["outcomes"][0]
    sign = -1.0 if primary["direction"] == "lower_is_better" else 1.0
    told = [(text, found[way]) for way, text in WAYS.items() if found[way]]
    return [{**comparison, "way": text, "mean": sign * comparison["value"]} for text, comparison in told]
