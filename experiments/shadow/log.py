"""The log of a service's cards, as its signature lets it be believed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from data_contracts.advice_log import IN_SHADOW, ORDERS, PURPOSE, RANKING, TEXTS, signature_of
from data_contracts.errors import BadInput, Problem, Refused
from data_contracts.patient_count import Count
from data_contracts.places import trusted_services
from data_contracts.tables import Table, read_table
from experiments.signing import signed_by_trusted


@dataclass(frozen=True)
class LoggedCard:
    """One card on what to choose for a patient.

    Attributes:
        at: when it was made, UTC.
        advised: the arm that was recommended; None where there was none.
        apart: why there is no advice of it to be judged; None where there is.
    """

    at: datetime
    advised: str | None
    apart: str | None


@dataclass(frozen=True)
class AdviceLog:
    """All cards of a log.

    Attributes:
        cards: by patient, in the order of time.
        studies: cards with advice, and their patients, by the study whose policy gave it.
    """

    cards: Mapping[str, Sequence[LoggedCard]]
    studies: Mapping[str, Count]


def read_log(path: Path) -> AdviceLog:
    """Read and verify a log.

    Raises:
        BadInput: it is no table of cards, or its signature is not there.
        Refused: it is not signed by a service that is believed here, or was changed.
    """
    _check_signature(path)
    table = read_table(path, text=TEXTS)
    if missing := [name for name in TEXTS if name not in table.columns]:
        step = "Have it written anew: equipoise cards --out FILE."
        raise BadInput([Problem(path.name, f"columns {', '.join(TEXTS)}", f"no {', '.join(missing)}", step)])
    cards: dict[str, list[LoggedCard]] = defaultdict(list)
    advised: dict[str, list[str]] = defaultdict(list)
    for patient, card, study in _rows(table):
        cards[patient].append(card)
        if card.advised:
            advised[study].append(patient)
    studies = {study: Count(len(patients), len(set(patients))) for study, patients in advised.items()}
    return AdviceLog({name: sorted(held, key=lambda one: one.at) for name, held in cards.items()}, studies)


def _rows(table: Table) -> list[tuple[str, LoggedCard, str]]:
    held = (table.columns[name].tolist() for name in ("patient_id", "at", "topic", "state", "recommended", "study_id"))
    return [
        (str(patient).strip(), _card(str(at), str(topic), str(state), arm), str(study))
        for patient, at, topic, state, arm, study in zip(*held, strict=True)
        if topic not in ORDERS
    ]


def _card(at: str, topic: str, state: str, arm: str | None) -> LoggedCard:
    made = datetime.fromisoformat(at)
    made = made.replace(tzinfo=UTC) if made.tzinfo is None else made.astimezone(UTC)
    if topic != RANKING:
        return LoggedCard(made, None, topic)
    if state != IN_SHADOW:
        return LoggedCard(made, None, "shown")
    return LoggedCard(made, arm, None if arm else "cannot-compare")


def _check_signature(path: Path) -> None:
    try:
        content, signature = path.read_bytes(), signature_of(path).read_bytes()
    except OSError as error:
        step = "Make both: equipoise cards --out FILE, and keep the two files beside each other."
        raise BadInput(
            [Problem(str(path), "the log and its signature", f"not both ({error.strerror})", step)]
        ) from None
    if not signed_by_trusted(PURPOSE + content, signature, trusted_services()):
        step = f"Put the public key of the service that made it into {trusted_services()} (equipoise keys show)."
        raise Refused(f"{path.name} is not signed by a service that is believed here, or was changed. {step}")
