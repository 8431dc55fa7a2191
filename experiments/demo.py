"""`equipoise-lab demo`: the whole way, first on a real trial, then on a synthetic clinic with known truth."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import yaml
from rich.console import Console

from data_contracts.places import registry
from experiments.demo_answers import average_table, recommendation_panel
from experiments.demo_pages import open_pages
from experiments.demo_patients import PATIENTS, visits
from experiments.demo_service import RunningService, running_service
from experiments.design_result import opened
from experiments.fit import write_json
from experiments.progress import progress
from experiments.promote import promote
from experiments.signing import Signer, open_signer
from experiments.simulate import simulate_to
from experiments.studies.registry import example_named
from experiments.studies.run import make, run
from experiments.studies.truth import true_effects
from experiments.study import study
from experiments.study_result import StudyResult

EPISODES, SEED = 4000, 7
NEWER, NEWER_SEED = 1500, 8
"""Of the clinic's newer episodes, which are looked at but not attacked: a challenger to compare the champion with."""


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
    console.print(average_table(clinic, truth=true_effects(out / "clinic" / "truth.csv", clinic.protocol)))
    promote("clinic", version, by="the demo", why="gates passed in the demo study", signer=signer)
    console.print(_first_look(out / "clinic-newer", signer))

    console.rule("3  Three patients ask the service over HTTP")
    with running_service("clinic@champion", out, ("beat-the-blues",)) as service:
        for visit in visits(datetime.now(UTC).date()):  # the service counts days in UTC
            service.ask(visit)
        # The newest stands first on the first page: the one for whom the answer is clear.
        answers = {title: service.ask(profile) for title, profile in reversed(PATIENTS)}
        write_json(answers, out / "recommendations.json")
        for title, _ in PATIENTS:
            console.print(recommendation_panel(title, answers[title]))

        console.rule("Where everything is")
        for name in ("beat-the-blues", "clinic"):
            console.print(f"report: {(out / name / 'report.html').resolve()}", soft_wrap=True)
        console.print(f"MLflow: mlflow ui --backend-store-uri {registry()}", soft_wrap=True)
        opened = open_pages(service.page, [f"/recommendations/{answer['id']}" for answer in answers.values()])
        _stay(console, service, len(opened))
    return 0


def _stay(console: Console, service: RunningService, opened: int) -> None:
    """Leave the service running for whoever sits at a terminal, until they press Enter."""
    console.print(f"The clinic's pages: {service.address}", soft_wrap=True)
    console.print(f"Its models, to compare: {service.address}/models/clinic", soft_wrap=True)
    console.print(f"All {opened} pages, pictures and styles within two clicks of the first answered.")
    if sys.stdin.isatty() and console.is_terminal:
        console.print("Open the address in a browser and choose the first patient. Only this machine reaches it.")
        with suppress(EOFError, KeyboardInterrupt):
            console.input("Press Enter to stop. ")
    else:
        console.print("They close now, as no terminal is here to wait at.")


def _trial(folder: Path, signer: Signer) -> StudyResult:
    made = make(example_named("beat-the-blues"), folder)
    with progress("Beat the Blues") as report:
        return opened(run(made, folder, signer, report)[0])


def _clinic(folder: Path, signer: Signer) -> tuple[StudyResult, str]:
    simulate_to("clinic", EPISODES, SEED, folder)
    with progress("clinic") as report:
        result, registered = study(folder / "protocol.yaml", folder / "records.csv", folder, signer, report)
    return opened(result), registered.version


def _first_look(folder: Path, signer: Signer) -> str:
    """A challenger by a protocol of fewer questions, not attacked: for analysts to compare, for nobody's care."""
    simulate_to("clinic", NEWER, NEWER_SEED, folder)
    path = folder / "protocol.yaml"
    protocol = yaml.safe_load(path.read_text(encoding="utf-8"))
    varying = protocol["effect_modifiers"]
    protocol |= {"effect_modifiers": varying[:2], "confounders": varying[2:] + protocol["confounders"]}
    protocol["derived_outcomes"] = ["response", "dropout"]
    path.write_text(yaml.safe_dump(protocol, sort_keys=False), encoding="utf-8")
    with progress("clinic, newer episodes") as report:
        _, registered = study(path, folder / "records.csv", folder, signer, report, attack=False)
    return (
        f"A first look at {NEWER:,} newer episodes is registered as clinic version {registered.version}, "
        "the challenger. Nobody promoted it.\n"
    )


def _trial_sentences(trial: StudyResult) -> str:
    """The honest answer: what is individualised and why not, and what was done about dropout."""
    started, *observed = trial.episodes.attrition
    months = zip(trial.protocol.recorded_outcomes, observed, strict=True)
    seen = ", ".join(f"{line.total} at {outcome.column}" for outcome, line in months)
    reasons = " ".join(decision.reason for decision in trial.learned.individualisation)
    varying = any(decision.individualised for decision in trial.learned.individualisation)
    verdict = "Some effects vary with the patient." if varying else "No individualisation: everyone gets the average."
    return (
        f"{verdict} {reasons}\nDropout: of {started.total} who started, observed were {seen}; all who started "
        "count, those observed are weighted by how likely it was to see them given baseline and arm.\n"
    )
