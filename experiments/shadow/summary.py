"""What a person is told of advice in shadow mode: a verdict with its reason, counts that name nobody, and figures."""

from __future__ import annotations

import math
from dataclasses import asdict
from statistics import NormalDist
from typing import Any, Literal, TypeAlias

import numpy as np

from data_contracts.patient_count import Count, Split
from estimators.logged_advice import AdviceValue, Gain
from experiments.gate_reasons import gates_told
from experiments.report.disclosure import disclose, disclose_share
from experiments.shadow.judged import FEWEST_ADVISED, FEWEST_FOLLOWED, Judged
from experiments.shadow.log import AdviceLog

Verdict: TypeAlias = Literal["design_failed", "cannot_be_told_yet", "better", "worse", "open"]

WORTH_TELLING = 0.2
"""A gain, in standard deviations of the outcome, that trials of such advice let one hope for (0.14 to 0.3)."""

POWER = 0.8


def verdict_of(judged: Judged) -> Verdict:
    """The verdict."""
    if not judged.design.passed:
        return "design_failed"
    if judged.value is None:
        return "cannot_be_told_yet"
    gain = judged.value.aipw
    return "better" if gain.lower > 0 else "worse" if gain.upper < 0 else "open"


def needed(judged: Judged) -> int:
    """How many episodes with advice and outcome it takes: to be told at all, or to show a gain worth telling."""
    if judged.value is None:
        counted, followed = int(judged.counted.sum()), int(judged.followed.sum())
        return max(FEWEST_ADVISED, math.ceil(FEWEST_FOLLOWED * counted / followed) if followed else FEWEST_ADVISED)
    normal = NormalDist()
    spans = normal.inv_cdf(0.5 + judged.protocol.confidence / 2) + normal.inv_cdf(POWER)
    return max(FEWEST_ADVISED, math.ceil((spans * judged.value.spread / gain_worth_telling(judged)) ** 2))


def gain_worth_telling(judged: Judged) -> float:
    """The gain that `needed` is about, in outcome units."""
    outcome = judged.design.episodes.outcomes[judged.protocol.outcome.column][judged.counted]
    return WORTH_TELLING * float(np.std(outcome))


def summary_of(judged: Judged, log: AdviceLog) -> dict[str, Any]:
    """Content of shadow.json: nothing of a patient, and no count of 1 to 10."""
    verdict, value, protocol = verdict_of(judged), judged.value, judged.protocol
    patient, reasons = judged.design.episodes.patient, np.array([why or "advised" for why in judged.apart])
    names = sorted(set(reasons.tolist()), key=lambda one: (one != "advised", one))
    shown = disclose([Count.of(patient[reasons == name]) for name in names])
    followed = Split.of(judged.followed[judged.counted], patient[judged.counted])
    return {
        "verdict": verdict,
        "sentence": sentence(judged),
        "needed": needed(judged),
        "gain_worth_telling": round(gain_worth_telling(judged), 3) if value else None,
        "confidence": protocol.confidence,
        "outcome": protocol.outcome.column,
        "unit": protocol.outcome.unit,
        "episodes": judged.design.episodes.n,
        "by_advice": dict(zip(names, shown, strict=True)),
        "followed": disclose_share(followed) if followed.episodes else None,
        "gain": _gains(value) if value else None,
        "effective_followed": round(value.effective) if value else None,
        "studies": dict(zip(log.studies, disclose(list(log.studies.values())), strict=True)),
        "starts_known": protocol.records.time is not None,
        "gates": gates_told(judged.design.gates),
    }


def _gains(value: AdviceValue) -> dict[str, Any]:
    ways = {"aipw": value.aipw, "self_normalised_ips": value.self_normalised, "ips": value.ips}
    return {name: {key: round(held, 4) for key, held in asdict(gain).items()} for name, gain in ways.items()}


def sentence(judged: Judged) -> str:
    """The verdict with its reason, in words."""
    verdict, unit = verdict_of(judged), judged.protocol.outcome.unit
    if verdict == "design_failed":
        return "Nothing can be told of the advice: a gate of the records' design failed, so no outcome was compared."
    if verdict == "cannot_be_told_yet":
        return (
            f"It cannot be told yet: it takes {needed(judged)} episodes with advice and a known outcome, at least "
            f"{FEWEST_FOLLOWED} of them with the therapy that was advised."
        )
    assert judged.value is not None  # noqa: S101 - by the verdict
    told = _told(judged.value.aipw, judged.protocol.confidence, unit)
    if verdict == "open":
        many = f"To show a gain of {gain_worth_telling(judged):.2f} {unit} takes {needed(judged)} episodes."
        return f"{told} Whether following the advice is better is open. {many}"
    better = "fared better" if verdict == "better" else "fared worse"
    return f"{told} By these records patients would have {better} had the advice been followed."


def _told(gain: Gain, confidence: float, unit: str) -> str:
    interval = f"{confidence:.0%} interval {gain.lower:+.2f} to {gain.upper:+.2f}"
    return (
        f"Following the advice against what was chosen: {gain.difference:+.2f} {unit} ({interval}; above 0 is better)."
    )
