"""What a study's run says in the tracking server: parameters, metrics, tags and a note, all for people to read."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

from data_contracts.gate import in_state
from experiments.design_result import DesignResult, Result
from experiments.study_result import outcomes_of

LIBRARIES = ("equipoise", "econml", "lightgbm", "mlflow", "numpy", "pandas", "scikit-learn")
LONGEST = 5000
"""Characters of a parameter; the whole protocol is an artifact beside it."""

LONGEST_KEY = 250
"""Characters of the name of a parameter or metric."""

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"


def parameters(result: Result) -> dict[str, str]:
    """The protocol, flat, with folds and seeds in it, and the versions behind the numbers."""
    protocol = _flat("", result.protocol.model_dump(mode="json"))
    versions = {f"version.{name}": version(name) for name in LIBRARIES} | {"version.python": platform.python_version()}
    locks = {"environment_sha256": environment_sha256(), "lock_sha256": lock_sha256()}
    chosen = {"propensity_model": result.propensity.chosen}
    return {tracked_name(name): value[:LONGEST] for name, value in (protocol | chosen | versions | locks).items()}


def tracked_name(name: str) -> str:
    """A name as a tracking server takes it: an address or a bracket in a column's name must not end a study."""
    return re.sub(r"[^\w.\- ]", "_", name)[:LONGEST_KEY]


def lock_sha256() -> str:
    """Hash of the lock file that the program was installed by, where it lies beside it."""
    return hashlib.sha256(LOCK.read_bytes()).hexdigest() if LOCK.is_file() else "no lock file beside the program"


def environment_sha256() -> str:
    """Hash of the list of installed distributions."""
    return hashlib.sha256(environment().encode()).hexdigest()


@cache
def environment() -> str:
    """Every installed distribution with its version, a line each; read once, a study tells it three times."""
    found = {f"{one.name.lower()}=={one.version}" for one in distributions()}
    return "\n".join(sorted(found)) + "\n"


def metrics(result: Result) -> dict[str, float]:
    """Every gate's number with the ends of its interval and, where effects were computed, the averages with theirs."""
    found = {"episodes": float(result.episodes.n)}
    for gate in result.gates:
        for name, value in (("", gate.value), (".lower", gate.lower), (".upper", gate.upper)):
            if value is not None:
                found[f"gate.{gate.name}{name}"] = value
    told = found if isinstance(result, DesignResult) else found | _effects(result)
    return {tracked_name(name): value for name, value in told.items()}


def tags(result: Result) -> dict[str, str]:
    """What a run is found by."""
    told = {
        "study_id": result.protocol.study_id,
        "data_fingerprint": result.episodes.fingerprint,
        "gates": "passed" if result.passed else "failed",
        "effects_computed": "no, the design failed" if isinstance(result, DesignResult) else "yes",
        "analyst": os.environ.get("USER", "unknown"),
    }
    names = {"waived": in_state(result.gates, "waived"), "gates_failed": in_state(result.gates, "failed")}
    return told | {name: ", ".join(gates) for name, gates in names.items() if gates}


def note(result: Result, answer: list[str]) -> str:
    """What the page of a run shows first, in Markdown."""
    rows = [f"| {gate.name.replace('_', ' ')} | {gate.state} | {gate.sentence} |" for gate in result.gates]
    head = (
        "" if result.passed else "**A gate failed: this policy cannot be promoted and no service will serve it.**\n\n"
    )
    return (
        f"{head}{' '.join(answer)}\n\n| gate | result | in words |\n|---|---|---|\n" + "\n".join(rows) + "\n\n"
        "Artifacts: `report.html` for people, `report.json` with every number, `gates.json`, `plots/`, `policy/` with "
        "its model card. To make this policy the one that services fetch: "
        f'`equipoise-lab promote {result.protocol.name} VERSION --by WHO --why "…"`; who moved an alias, and why: '
        f"`equipoise-lab promotions {result.protocol.name}`.\n"
    )


def model_note(result: Result) -> str:
    """What the page of the registered model shows first."""
    protocol = result.protocol
    return (
        f"What each of {', '.join(protocol.arms.offered)} does, against {protocol.arms.reference}, for "
        f"{protocol.outcome.column} ({protocol.outcome.unit}), from records. **challenger**: the latest study; "
        "**champion**: the one that a person promoted and that services fetch. MLflow keeps no history of aliases: "
        "every move is written down as an artifact of its run, and listed by "
        f"`equipoise-lab promotions {protocol.name}`."
    )


def _effects(result: Any) -> dict[str, float]:
    found = {}
    for outcome, averages in outcomes_of(result):
        wide = averages.critical_value * averages.standard_errors
        rows = zip(result.episodes.arms, averages.effects, averages.standard_errors, wide, strict=True)
        for arm, effect, error, margin in list(rows)[1:]:
            found[f"{outcome.column}.effect.{arm}"] = float(effect)
            found[f"{outcome.column}.se.{arm}"] = float(error)
            found[f"{outcome.column}.effect.{arm}.lower"] = float(effect - margin)
            found[f"{outcome.column}.effect.{arm}.upper"] = float(effect + margin)
    for one in result.learned.individualisation:
        ends = {"": one.slope, ".lower": one.slope_lower, ".upper": one.slope_upper}
        found |= {f"slope.{one.arm}{end}": value for end, value in ends.items() if value is not None}
    return found


def _flat(prefix: str, value: Any) -> dict[str, str]:
    """Nested keys joined by points; lists as JSON."""
    if isinstance(value, Mapping) and value:
        return {name: text for key, inner in value.items() for name, text in _flat(f"{prefix}{key}.", inner).items()}
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return {prefix.rstrip("."): text}
