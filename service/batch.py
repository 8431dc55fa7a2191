"""`equipoise recommend`: recommendations for a table of patients."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data_contracts.cohort import Cohort
from data_contracts.episode import Column
from data_contracts.errors import BadUsage
from data_contracts.gate import in_state, waivers_used
from data_contracts.site_offer import SiteOffers, read_site_offers
from data_contracts.whole_file import write_whole
from engine.batch import joined, recommend_cohort
from engine.data_checks import names_checked
from engine.outcome_table import outcome_table
from service.batch_ledger import asked_ledger, check_switch, remember, with_ledger
from service.batch_summary import BatchSummary, Fate, abstentions, fates
from service.console import tell, warn
from service.needs import Needs, needs_of
from service.patient_table import AS_OF, BY, EXCLUDED_ARMS, PATIENT_ID, SITE, ids_of, read_cohort
from service.preference_columns import weight_columns
from service.progress import followed
from service.served_policy import ServedPolicy, load_verified
from service.table_record import Asked, Written
from service.utc import utc_now

if TYPE_CHECKING:
    from data_contracts.tables import Table

ENDINGS = (".csv", ".parquet")


def recommend_table(
    reference: str,
    patients: Path,
    out: Path,
    *,
    as_json: bool,
    consent: str | None = None,
    sites: Path | None = None,
    organisation: str | None = None,
) -> int:
    """Load, ask the ledger, check, decide, remember, write; nothing is written unless everything is sound.

    Args:
        reference: DIR or NAME@champion; a policy whose gates failed works, with a warning.
        patients: table with one row a patient.
        out: where the batch table goes, one row a patient and arm; that of the other outcomes stands beside it.
        as_json: print the summary for a machine.
        sites: file with what the sites offer, told beside the effects.
        consent: where it is recorded that everybody in the table agreed to decision support; None if the table tells.
        organisation: whose patients they are, where the service's database knows several.

    Raises:
        BadUsage: out is not a CSV or Parquet file, or is the table of patients; consent is told twice; it is not
            clear whose patients they are.
        BadInput, NotFound, Refused: the table, the policy's place or the policy is not sound.
        ModelStopped, NotReady: the model is out of service, or the service's database cannot be asked.
    """
    from data_contracts.tables import read_table  # pandas: a second that other commands need not wait

    check_out(patients, out)
    beside = outcomes_beside(out)
    offers = read_site_offers(sites) if sites else None
    served = load_verified(reference)
    warn_of_failed_gates(served)
    needs = needs_of(served.policy.manifest, served.rules)
    table = read_table(patients, text=(PATIENT_ID,))
    if table.form:
        warn(f"{patients.name} is read as: {table.form}.")
    table = with_consent(table, needs, consent)
    columns, withdrawn = tuple(table.columns), None
    with asked_ledger(os.environ, organisation) as ledger:
        if ledger is not None:
            check_switch(ledger, served.policy.manifest.name, table.n)
            table, withdrawn = with_ledger(table, needs, ids_of(table), ledger)
        day, batch = utc_now().date(), None
        found = decide(read_cohort(table, needs), served, day, offers)
        written = Written.of(found.table, found.outcomes, out.suffix)
        if ledger is not None:
            asked = Asked(served, offers, day, consent is not None)
            record = asked.record(ledger.store.ring, patients.read_bytes(), written)
            batch = remember(ledger, record, safety_of(found.table))
    if written.outcomes is not None:
        write_whole(beside, written.outcomes)
    write_whole(out, written.answered)
    told = {"consent": consent, "withdrawn": withdrawn, "batch": batch}
    summary = summarise(found, served, needs, columns, out).model_copy(update=told)
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
    if outcomes_beside(out).resolve() == patients.resolve():
        raise BadUsage("Beside --out the table of other outcomes would replace the table of patients. Name another.")


def outcomes_beside(out: Path) -> Path:
    """Where the table of the other outcomes goes: ``advice.csv`` has ``advice.outcomes.csv`` beside it."""
    return out.with_name(f"{out.stem}.outcomes{out.suffix}")


def with_consent(table: Table, needs: Needs, consent: str | None) -> Table:
    """The table, with everybody's consent if it is recorded elsewhere.

    Raises:
        BadUsage: the table has a column of its own for it.
    """
    if consent is None:
        return table
    if told := [fact for fact in needs.consent if fact in table.columns]:
        raise BadUsage(f"The table has a column {told[0]}. Leave out --consent, or the column.")
    said = {fact: np.full(table.n, "yes", dtype=object) for fact in needs.consent}
    return replace(table, columns={**table.columns, **said})


def safety_of(table: Mapping[str, Column]) -> dict[str, str]:
    """The level of safety of each patient of a batch table, in its order; identifiers as the ledger has them."""
    return dict(zip(map(str.strip, table[PATIENT_ID]), table["safety"], strict=True))


def warn_of_failed_gates(served: ServedPolicy) -> None:
    """Say on standard error which gates failed or were waived, if any."""
    gates = served.policy.manifest.gates
    if failed := in_state(gates, "failed"):
        warn(f"WARNING: gates of this policy failed ({', '.join(failed)}). Its advice is not fit to be acted on.")
    for waiver in waivers_used(gates):
        warn(f"WARNING: the gate {waiver.gate} did not hold; waived by {waiver.by}: {waiver.why}")


@dataclass(frozen=True)
class Batch:
    """What came of a table of patients.

    Attributes:
        table: the batch recommendation table.
        outcomes: the table of the other outcomes; empty if the policy has none.
        patients: how many were asked about.
        fates, abstentions: of how many patients, counted.
    """

    table: dict[str, Column]
    outcomes: dict[str, Column]
    patients: int
    fates: Counter[Fate]
    abstentions: Counter[str]


def decide(cohort: Cohort, served: ServedPolicy, today: date, offers: SiteOffers | None = None) -> Batch:
    """Decide block by block; of each block its rows and counts are kept, patients in their order."""
    blocks = recommend_cohort(cohort, served.policy, served.rules, today=today, offers=offers)
    tables, outcomes, met, reasons, patients = [], [], Counter[Fate](), Counter[str](), 0
    for decision, table in followed(blocks, lambda block: len(block[0].reason), cohort.n, "Recommending"):
        tables.append(table)
        outcomes.append(outcome_table(decision, table))
        met += fates(decision)
        reasons += abstentions(decision)
        patients += len(decision.reason)
    return Batch(joined(tables), joined(outcomes), patients, met, reasons)


def summarise(found: Batch, served: ServedPolicy, needs: Needs, columns: tuple[str, ...], out: Path) -> BatchSummary:
    """Count what came of the batch."""
    counts = found.fates
    read = {*needs.names, *(fact + AS_OF for fact in needs.facts), *(rule + BY for rule in needs.waiting)}
    read |= {PATIENT_ID, EXCLUDED_ARMS, SITE, *names_checked(columns)}
    read |= set(weight_columns(needs))
    told = {*columns, *needs.stood_in}
    return BatchSummary(
        policy=served.policy.manifest.name,
        manifest_sha256=served.source.manifest_sha256,
        gates_passed=served.policy.manifest.gates_passed,
        patients=found.patients,
        ranked=counts["ranked"],
        awaiting_assessment=counts["awaiting_assessment"],
        refused=counts["refused"],
        abstained=dict(sorted(found.abstentions.items())),
        unknown_facts=tuple(fact for fact in needs.facts if fact not in told),
        unread_columns=tuple(name for name in columns if name not in read),
        table=str(out),
        outcomes=str(outcomes_beside(out)) if found.outcomes else None,
    )
