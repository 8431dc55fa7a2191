"""A methods paragraph for a paper; every word that tells of the run comes from the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.report.wording import episodes_of, in_words, listed

STATES = {"passed": "passed", "failed": "failed", "waived": "failed and was waived", "not_assessed": "not assessed",
          "unearned": "not earned"}  # fmt: skip


def methods_text(summary: Mapping[str, Any]) -> list[str]:
    """Sentences, to be read one after another."""
    protocol, made = summary["protocol"], summary["reproduction"]
    table, outcome = summary["table_one"], protocol["outcome"]
    libraries = [
        f"{name} {number}" for name, number in made["versions"].items() if name not in ("equipoise", "python")
    ]
    sentences = [
        f"We compared {listed(list(table['episodes']))} in {_episodes(table)} by emulating a target trial (table).",
        f"The primary outcome was {outcome['column']} ({outcome['unit']}, {outcome['direction'].replace('_', ' ')}).",
        _per_protocol(summary),
        _adjusted(protocol),
        _fitted(summary),
        "Doubly robust scores (augmented inverse probability weighting) of every episode under every arm were "
        f"averaged; standard errors allow for episodes that share a {_cluster(protocol)}.",
        f"Intervals are at {100 * protocol['confidence']:.0f} % confidence; those called simultaneous, and the rank "
        "sets, use one critical value for all pairs of arms, the quantile of the largest |t|.",
        _blind(summary),
        _varied(summary),
        f"The analysis was made by equipoise {made['versions']['equipoise']} on Python {made['versions']['python']} "
        f"with {listed(libraries)}; protocol sha256 {summary['study_id'][:16]}, records' "
        f"fingerprint {summary['data_fingerprint'][:16]}.",
        f"{summary['evidence']}.",
    ]
    return [sentence for sentence in sentences if sentence]


def _per_protocol(summary: Mapping[str, Any]) -> str:
    return f"The estimand was per-protocol. {summary['estimand']}" if summary["per_protocol"] else ""


def _adjusted(protocol: Mapping[str, Any]) -> str:
    others = f" and {listed(protocol['confounders'])}" if protocol["confounders"] else ""
    modifiers = listed(protocol["effect_modifiers"])
    return f"We adjusted for {modifiers}, with which effects might vary,{others} as known at the start."


def _fitted(summary: Mapping[str, Any]) -> str:
    protocol, nuisances = summary["protocol"], summary["nuisances"]
    again = f", repeated {protocol['repeats']} times with other folds" if protocol["repeats"] > 1 else ""
    regressions = sorted({found["chosen"] for found in nuisances["outcomes"].values()})
    of_outcomes = f", the outcomes (chosen: {listed(regressions)})" if regressions else ""
    return (
        f"In {protocol['folds']} folds dealt by patient (seed {protocol['seed']}{again}), models fitted on the other "
        f"folds predicted the arm (chosen: {nuisances['propensity']['chosen']}; calibrated){of_outcomes}, and whether "
        f"the outcome is observed; {protocol['outcome']['column']} was observed in {_observed(summary)}."
        f"{_course(protocol)}"
    )


def _course(protocol: Mapping[str, Any]) -> str:
    course = (protocol["censoring"] or {}).get("course")
    if not course:
        return ""
    followed = "Patients who were lost were made up for, visit by visit, by those who had fared like them and stayed"
    return f" {followed} ({listed(course)}; sequential regressions and inverse probability weights together)."


def _observed(summary: Mapping[str, Any]) -> str:
    last = summary["attrition"][-(1 + len(summary["protocol"]["secondary_outcomes"]))]
    return in_words(last["total_left"])


def _blind(summary: Mapping[str, Any]) -> str:
    states: dict[str, list[str]] = {}
    for gate in summary["gates"]:
        states.setdefault(STATES[gate["state"]], []).append(gate["name"].replace("_", " "))
    judged = "; ".join(f"{state}: {listed(names)}" for state, names in states.items())
    gone = [f"{pair['arms'][0]} and {pair['arms'][1]}" for pair in summary["withdrawn"]]
    without = f" Withdrawn, as they could not be compared: {'; '.join(gone)}." if gone else ""
    closed = "" if summary["effects_computed"] else " As the design failed, no effect was computed."
    fixed = "Pass marks were fixed beforehand and the design was judged before any effect was computed"
    return f"{fixed} ({judged}).{without}{closed}"


def _varied(summary: Mapping[str, Any]) -> str:
    if not summary["effects_computed"]:
        return ""
    varying = [one["arm"] for one in summary["individualisation"] if one["individualised"]]
    came = f"this was so for {listed(varying)}" if varying else "this was so for none"
    asked = (
        "predictions for patients not seen came true and advice that follows them was shown to gain, "
        "or surely came true and promised a gain"
    )
    return f"Effects were let vary between patients only where {asked}; {came}."


def _episodes(table: Mapping[str, Any]) -> str:
    """How many episodes of care, and of how many patients where that is another number."""
    told = episodes_of(sum(table["episodes"].values()), table["patients_in_all"])
    return told.replace("episodes", "episodes of care", 1)


def _cluster(protocol: Mapping[str, Any]) -> str:
    return str(protocol["records"]["cluster"] or "patient")
