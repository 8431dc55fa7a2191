"""`equipoise-lab demo`: the whole way, first on a real trial, then on a synthetic clinic with known truth."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml
from rich.console import Console

from data_contracts.places import registry
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import read_table
from experiments.demo_answers import average_table, recommendation_panel
from experiments.demo_patients import PATIENTS
from experiments.demo_service import running_service
from experiments.design_result import opened
from experiments.fit import write_json
from experiments.progress import progress
from experiments.promote import promote
from experiments.real_data import beat_the_blues, beat_the_blues_protocol
from experiments.signing import Signer, open_signer
from experiments.simulate import simulate_to
from experiments.study import study
from experiments.study_result import StudyResult

EPISODES, SEED = 4000, 7


def demo(out: Path) -> int:
    """Run the demo; everything it makes lies under ``out``."""
    os.environ.setdefault("EQUIPOISE_HOME", str((out / "home").resolve()))
    console, signer = Console(), open_signer()
    console.rule("1  A real trial: Beat the Blues, computerised CBT against usual care, 100 patients")
    trial = _trial(out / "beat-the-blues", signer)
    console.print(average_table(trial))
    console.print(_trial_sentences(trial))

    console.rule(f"2  A synthetic clinic: {EPISODES:,} episodes, five arms, severe patients get the combination")
    clinic, version = _clinic(out / "clinic", signer)
    console.print(average_table(clinic, truth=_true_effects(out / "clinic" / "truth.csv", clinic.protocol)))
    promote("clinic", version, by="the demo", why="gates passed in the demo study", signer=signer)

    console.rule("3  Three patients ask the service over HTTP")
    with running_service("clinic@champion", out) as ask:
        answers = {title: ask(profile) for title, profile in PATIENTS}
    write_json(answers, out / "recommendations.json")
    for title, answer in answers.items():
        console.print(recommendation_panel(title, answer))

    console.rule("Where everything is")
    for name in ("beat-the-blues", "clinic"):
        console.print(f"report: {(out / name / 'report.html').resolve()}", soft_wrap=True)
    console.print(f"MLflow: mlflow ui --backend-store-uri {registry()}", soft_wrap=True)
    return 0


def _trial(folder: Path, signer: Signer) -> StudyResult:
    folder.mkdir(parents=True, exist_ok=True)
    beat_the_blues().to_csv(folder / "records.csv", index=False)
    (folder / "protocol.yaml").write_text(yaml.safe_dump(beat_the_blues_protocol(), sort_keys=False), encoding="utf-8")
    with progress("Beat the Blues") as report:
        return opened(study(folder / "protocol.yaml", folder / "records.csv", folder, signer, report)[0])


def _clinic(folder: Path, signer: Signer) -> tuple[StudyResult, str]:
    simulate_to("clinic", EPISODES, SEED, folder)
    with progress("clinic") as report:
        result, registered = study(folder / "protocol.yaml", folder / "records.csv", folder, signer, report)
    return opened(result), registered.version


def _trial_sentences(trial: StudyResult) -> str:
    """The honest answer: what is individualised and why not, and what was done about dropout."""
    seen = " -> ".join(str(line.total) for line in trial.episodes.attrition)
    reasons = " ".join(decision.reason for decision in trial.learned.individualisation)
    varying = any(decision.individualised for decision in trial.learned.individualisation)
    verdict = "Some effects vary with the patient." if varying else "No individualisation: everyone gets the average."
    return (
        f"{verdict} {reasons}\nDropout: {seen} (started, then observed at 2, 3, 5 and 8 months); all who started "
        "count, those observed are weighted by how likely it was to see them given baseline and arm.\n"
    )


def _true_effects(path: Path, protocol: StudyProtocol) -> Mapping[tuple[str, str], float]:
    """True average effects of the simulated clinic by outcome and arm; only the demo looks, no study does."""
    columns = read_table(path).columns
    stems = {outcome.column: f"{outcome.column}_effect_" for outcome in protocol.secondary}
    stems |= {protocol.outcome.column: "effect_"}
    return {
        (name, arm): float(columns[stem + arm].mean()) for name, stem in stems.items() for arm in protocol.arms.names
    }
