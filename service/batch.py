"""`equipoise recommend`: recommendations for a table of patients."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

from data_contracts.cohort import Cohort
from data_contracts.episode import Column
from data_contracts.errors import BadUsage
from engine.batch import joined, recommend_cohort
from engine.decision import Decision
from service.batch_summary import BatchSummary, Fate, abstentions, fates
from service.collaborators import utc_now
from service.console import tell, warn
from service.needs import Needs, needs_of
from service.patient_table import AS_OF, EXCLUDED_ARMS, PATIENT_ID, read_cohort
from service.progress import followed
from service.served_policy import ServedPolicy, load_verified

ENDINGS = (".csv", ".parquet")


def recommend_table(reference: str, patients: Path, out: Path, *, as_json: bool) -> int:
    """Load, check, decide, write; nothing is written unless everything is sound.

    Args:
        reference: DIR or NAME@champion; a policy whose gates failed works, with a warning.
        patients: table with one row a patient.
        out: where the batch table goes, one row a patient and arm.
        as_json: print the summary for a machine.

    Raises:
        BadUsage: out is not a CSV or Parquet file, or is the table of patients.
        BadInput, NotFound, Refused: the table, the policy's place or the policy is not sound.
    """
    from data_contracts.tables import read_table, write_table  # pandas: a second that other commands need not wait

    check_out(patients, out)
    served = load_verified(reference)
    warn_of_failed_gates(served)
    needs = needs_of(served.policy.manifest, served.rules)
    table = read_table(patients, text=(PATIENT_ID,))
    decisions, columns = decide(read_cohort(table, needs), served, utc_now().date())
    write_table(columns, out)
    summary = summarise(decisions, served, needs, tuple(table.columns), out)
    tell(summary.model_dump_json() if as_json else summary.paragraph())
    return 0


def check_out(patients: Path, out: Path) -> None:
    """Refuse an ending that says nothing, and to overwrite what is read.

    Raises:
        BadUsage: one of the two.
    """
    if out.suffix.lower() not in ENDINGS:
        raise BadUsage(f"--out ends in {' or '.join(ENDINGS)}, so that the format is clear.")
    if out.resolve() == patients.resolve():
        raise BadUsage("--out is the table of patients itself. Name another file.")


def warn_of_failed_gates(served: ServedPolicy) -> None:
    """Say on standard error which gates failed, if any."""
    if failed := [gate.name for gate in served.policy.manifest.gates if not gate.passed]:
        warn(f"WARNING: gates of this policy failed ({', '.join(failed)}). Its advice is not fit to be acted on.")


def decide(cohort: Cohort, served: ServedPolicy, today: date) -> tuple[list[Decision], dict[str, Column]]:
    """What is decided, block by block, and the batch recommendation table, patients in their order."""
    blocks = recommend_cohort(cohort, served.policy, served.rules, today=today)
    done = list(followed(blocks, lambda block: len(block[0].reason), cohort.n, "Recommending"))
    return [decision for decision, _ in done], joined([table for _, table in done])


def summarise(
    decisions: list[Decision], served: ServedPolicy, needs: Needs, columns: tuple[str, ...], out: Path
) -> BatchSummary:
    """Count what came of the batch."""
    counts = sum(map(fates, decisions), Counter[Fate]())
    reasons = sum(map(abstentions, decisions), Counter[str]())
    read = {*needs.names, *(fact + AS_OF for fact in needs.facts), PATIENT_ID, EXCLUDED_ARMS}
    told = {*columns, *needs.stood_in}
    return BatchSummary(
        policy=served.policy.manifest.name,
        manifest_sha256=served.source.manifest_sha256,
        gates_passed=served.policy.manifest.gates_passed,
        patients=sum(len(decision.reason) for decision in decisions),
        ranked=counts["ranked"],
        awaiting_assessment=counts["awaiting_assessment"],
        refused=counts["refused"],
        abstained=dict(sorted(reasons.items())),
        unknown_facts=tuple(fact for fact in needs.facts if fact not in told),
        unread_columns=tuple(name for name in columns if name not in read),
        table=str(out),
    )
