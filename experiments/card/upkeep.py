"""How the policy is watched and renewed once it serves."""

from __future__ import annotations

from collections.abc import Mapping

from experiments.card.answer import Answer, Summary, not_done, stated

UNWATCHED = (
    "Not done: this version does not follow {whom} under the policy, and the protocol's card states nobody who does."
)
LOCAL = (
    "Not done: the policy was judged on the records that it was learned from, on none of the place where it serves."
)
RENEWED = (
    "A new study makes a new version, the challenger; it serves once a named person has promoted it, no gate having "
    "failed and every waived one accepted by a second person. Every move is signed and kept."
)


def upkeep(summary: Summary) -> Mapping[str, Answer]:
    """Answers on ongoing maintenance and updates, by attribute."""
    card = summary["protocol"]["card"]
    return {
        "validity_monitoring_process_frequency": _watched(card["validity_monitoring"], "how patients fare"),
        "validity_local_data": not_done(LOCAL),
        "fairness_monitoring_process_frequency": _watched(card["fairness_monitoring"], "how groups of patients fare"),
        "fairness_local_data": not_done(LOCAL),
        "update_process_frequency": _renewed(card["updates"]),
        "correction_frequency_when_risks_found": stated(
            "how soon a risk that was found is corrected", card["corrections"]
        ),
    }


def _watched(statement: str | None, whom: str) -> Answer:
    return stated("", statement) if statement else not_done(UNWATCHED.format(whom=whom))


def _renewed(statement: str | None) -> Answer:
    if statement:
        return Answer("given", "protocol", (RENEWED, statement), ("protocol",))
    return Answer("not_stated", "product", (RENEWED, "How often: not stated in the protocol's card."))
