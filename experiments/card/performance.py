"""How well the policy does, on patients that it was not learned from, overall and by group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from data_contracts.product import METHOD, NO_TRIAL
from experiments.card.answer import (
    CLOSED,
    FIT_ALONE,
    Answer,
    Summary,
    from_study,
    gate_lines,
    is_attacked,
    not_available,
    not_done,
    stated,
)
from experiments.report.value import WAYS
from experiments.report.wording import listed, number, p_value, whole_percent

FAIR = ("group_calibration", "group_harm")
INDIVIDUAL = ("effect_calibration", "policy_value", "clinicians_choice")

NO_GROUPS = "The protocol names no groups of patients, so that none was looked at."
ELSEWHERE = (
    "Not done: it was judged on the records that it was learned from alone, each patient by models of the others."
)
APPROACH = (
    "For every group that the protocol names, of at least 100 patients and the unrecorded among them, held-out gains "
    "are compared with what its patients are told, and the advice with what clinicians chose; all groups are judged "
    "together. "
    "A gap that is sure and beyond the mark, or sure harm, fails a gate, and a policy whose gate failed is not served."
)


def performance(summary: Summary) -> Mapping[str, Answer]:
    """Answers on fairness, external validation and quantitative performance, by attribute."""
    references = summary["protocol"]["card"]["references"]
    return {
        "approach_to_fair_output": _approach(summary),
        "approaches_to_manage_reduce_eliminate_bias": from_study([METHOD[0], *_bias(summary)], "gates"),
        "external_data_source_setting": not_done(ELSEWHERE),
        "party_that_did_external_testing": not_done("Not done: nobody has tested it on data of another source."),
        "external_demographic_representativeness": not_done("Not done: there are no data of another source."),
        "external_validation_process": not_done(ELSEWHERE, *_sites_note(summary)),
        "validity_internal_test": from_study(list(_validity(summary)), "policy_value", "sites", "gates", "outcomes",
                                             "individualisation", "fairness")
        if summary["effects_computed"]
        else not_available(CLOSED),
        "fairness_internal_test": _fairness(summary),
        "validity_external": not_done(ELSEWHERE),
        "fairness_external": not_done(ELSEWHERE),
        "references_to_outcome_evaluations": stated("", *references)
        if references
        else not_done(f"Not done: {NO_TRIAL}", "The protocol's card refers to no other evaluation."),
    }  # fmt: skip


def _approach(summary: Summary) -> Answer:
    silent = _untold(summary)
    return silent or from_study([APPROACH, *gate_lines(summary, FAIR)], "gates")


def _untold(summary: Summary) -> Answer | None:
    """Why nothing is told by group; None where something is."""
    if not summary["effects_computed"]:
        return not_available(CLOSED)
    if not is_attacked(summary):
        return not_done(f"Not done: {FIT_ALONE}")
    return None if summary["protocol"]["groups"] else not_done(f"Not done: {NO_GROUPS}")


def untold_by_group(summary: Summary) -> str | None:
    """The same in a sentence."""
    silent = _untold(summary)
    return silent.text[0] if silent else None


def _bias(summary: Summary) -> list[str]:
    """Every gate on the design and on bias."""
    others = [gate["name"] for gate in summary["gates"] if gate["name"] not in (*FAIR, *INDIVIDUAL)]
    return gate_lines(summary, others)


def _sites_note(summary: Summary) -> Iterator[str]:
    if summary["sites"]["sites"]:
        yield "Sites of the same records were left out in turn; what came of it stands under internal validity."


def _validity(summary: Summary) -> Iterator[str]:
    primary = summary["outcomes"][0]
    yield from gate_lines(summary, INDIVIDUAL)
    for decision in summary["individualisation"]:
        yield f"{decision['reason'].rstrip('.')}."
    unit, value = primary["unit"], summary["policy_value"]
    if value:
        for key, way in WAYS.items():
            if value[key]:
                yield f"Following the advice gains {_came(value[key], primary)} {unit} over {way}."
    whole = summary["sites"]["overall"]
    if whole:
        lost = _came(whole["drop"], primary)
        yield f"At sites that it was learned without, patients lose {lost} {unit} against advice that knew their site."
    if is_attacked(summary) and summary["fairness"]["overall_coverage"] is not None:
        held = whole_percent(summary["fairness"]["overall_coverage"])
        yield f"Of observed outcomes {held} lie inside the range that is told."


def _came(comparison: Mapping[str, Any], primary: Mapping[str, Any]) -> str:
    digits = primary["digits"]
    ends = f"{number(comparison['lower'], digits)} to {number(comparison['upper'], digits)}"
    level = 100 * primary["confidence"]
    return f"{number(comparison['difference'], digits)} ({level:.0f} % interval {ends})"


def _fairness(summary: Summary) -> Answer:
    silent = _untold(summary)
    if silent:
        return silent
    found = summary["fairness"]
    small = [f"Fewer than 100 patients, not assessable: {listed(found['not_assessable'])}."]
    told = small if found["not_assessable"] else []
    if not found["groups"]:
        return not_available("No group has the 100 patients that are needed.", *told, read=("fairness",))
    groups = [_group(group, summary) for group in found["groups"]]
    return from_study([*gate_lines(summary, FAIR), *groups, *told], "fairness", "gates")


def _by_chance(p: float | None) -> str:
    return "" if p is None else f" ({p_value(p)})"


def _group(group: Mapping[str, Any], summary: Summary) -> str:
    worst = max(group["gaps"], key=lambda one: abs(one["gap"]["estimate"]))
    parts = [
        f"largest gap to what is told {number(worst['gap']['estimate'])} SD ({worst['arm']}, "
        f"{p_value(worst['gap']['p'])})",
        f"outcomes inside their range {whole_percent(group['coverage'])}{_by_chance(group['coverage_p'])}",
        f"arms not supported {whole_percent(group['unsupported'])}",
        f"no arm supported for {whole_percent(group['no_arm'])}",
        f"started another therapy than the reference {whole_percent(group['started'])}",
    ]
    if group["gain"]:
        came = f"{number(group['gain']['estimate'])} {summary['protocol']['outcome']['unit']}"
        parts.append(f"advice over clinicians' choice {came} ({p_value(group['gain']['p'])})")
    return f"{group['column']} {group['level']}: {'; '.join(parts)}."
