"""What the policy gives out, whom it is for, and for whom it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from data_contracts.product import INTENDED_USE, LIMITS, NO_TRIAL, NOT_FOR, OUTPUT, ROLE, USERS
from experiments.card.answer import Answer, Summary, from_product, from_study, stated
from experiments.report.wording import listed


def purpose(summary: Summary) -> Mapping[str, Answer]:
    """Answers on details and output, on purpose, and on use that is cautioned against, by attribute."""
    card, protocol = summary["protocol"]["card"], summary["protocol"]
    contact = f"Contact: {card['contact']}" if card["contact"] else None
    use, users = card["intended_use"], card["intended_users"]
    cautions = tuple(_cautions(summary))
    return {
        "developer_name_contact": stated("who developed it and how they are reached", card["developer"], contact),
        "funding_source": stated("who paid for it", card["funding"]),
        "value_produced_as_output": from_study([_output(summary)], "protocol", "arms"),
        "output_type": from_product(OUTPUT),
        "intended_use": stated("", use) if use else from_product(INTENDED_USE),
        "intended_patient_population": stated("", card["intended_population"])
        if card["intended_population"]
        else from_study([_like_the_study(summary)], "protocol", "target_trial"),
        "intended_users": stated("", users) if users else from_product(USERS),
        "intended_decision_role": from_product(ROLE),
        "cautioned_tasks_situations_populations": from_study(
            [*NOT_FOR, *card["out_of_scope"], *cautions], "arms_not_ranked", "withdrawn", "gates"
        ),
        "known_risks_inappropriate_settings_uses_limitations": from_study(
            [*LIMITS, *(f"Assumed: {what}." for what in summary["assumptions"]), *_risks(summary),
             *protocol["card"]["known_risks"], NO_TRIAL],
            "gates", "outcomes_set_aside", "dropout",
        ),
    }  # fmt: skip


def _output(summary: Summary) -> str:
    outcome, reference = summary["protocol"]["outcome"], summary["protocol"]["arms"]["reference"]
    arms = [arm["arm"] for arm in summary["arms"] if not arm["reference"]]
    return (
        f"For {listed(arms)}: the expected benefit over {reference} in {outcome['column']} ({outcome['unit']}, "
        "positive is better) with its interval and the ranks that it may hold; or no rank, with the reason."
    )


def _like_the_study(summary: Summary) -> str:
    row = summary["target_trial"][0]
    eligible = f" Eligible were: {row['specified']}" if row["emulated"] is not None else ""
    return f"Adults like the patients of the study, for whom its arms are real possibilities.{eligible}"


def _cautions(summary: Summary) -> Iterator[str]:
    """What this study adds to what holds for every one."""
    if not summary["gates_passed"]:
        yield "Everybody: a gate failed, this policy must not guide care and no service serves it."
    for arm in summary["arms_not_ranked"]:
        yield f"{arm['arm']} for anybody: {arm['reason']}."
    for pair in summary["withdrawn"]:
        yield f"{listed(pair['arms'])}, one against the other: {pair['reason']}"


def _risks(summary: Summary) -> Iterator[str]:
    for gate in summary["gates"]:
        if gate["state"] == "failed":
            yield f"Failed, {gate['name'].replace('_', ' ')}: {gate['sentence']}"
        elif gate["state"] == "waived":
            waiver = gate["waiver"]
            told = f"Waived by {waiver['by']}, {gate['name'].replace('_', ' ')}: {gate['sentence']}"
            yield f"{told} Reason: {waiver['why']}"
    silent = [gate["name"].replace("_", " ") for gate in summary["gates"] if gate["state"] == "not_assessed"]
    if silent:
        yield f"Not assessed: {listed(silent)}."
    for name, why in summary["outcomes_set_aside"].items():
        yield f"{name} is set aside: {why}."
    yield summary["dropout"]
