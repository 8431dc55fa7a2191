"""What each command of `equipoise-lab` does, and what it tells the person who ran it."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from data_contracts.errors import BadUsage
from data_contracts.gate import GateState
from experiments.design_result import Result
from experiments.fit import fit, write_fit
from experiments.progress import progress
from experiments.promote import promote
from experiments.report.disclosure import disclose_alone
from experiments.signing import Signer, open_signer
from experiments.study_result import StudyResult
from experiments.withdrawn_patients import WithdrawnPatients, read_withdrawn

GATE_FAILED = 4

TOLD: Mapping[GateState, str] = {
    "passed": "passed",
    "failed": "FAILED",
    "waived": "WAIVED, it did not hold",
    "unearned": "not earned, averages are served",
    "not_assessed": "not assessed",
}


def run(options: Namespace) -> int:
    """Run the command that the arguments name and return its exit code."""
    return COMMANDS[options.command](options)


def _demo(options: Namespace) -> int:
    from experiments.demo import demo

    return demo(options.out)


def _simulate(options: Namespace) -> int:
    from experiments.simulate import simulate_to

    written = simulate_to(options.world, options.n, options.seed, options.out, options.shape)
    _say(f"Wrote {', '.join(written[:-1])} and {written[-1]} to {options.out}.")
    return 0


def _protocol(options: Namespace) -> int:
    from experiments.first_protocol.command import write_first_protocol

    _say(write_first_protocol(options))
    return 0


def _fit(options: Namespace) -> int:
    _check_out(options.out)
    with progress("fit") as report:
        result = fit(options.protocol, options.data, report, _withdrawn(options))
    write_fit(result, options.out, _signer())
    return _close(result, options, {})


def _study(options: Namespace) -> int:
    from experiments.study import study

    _check_out(options.out)
    with progress("study") as report:
        result, registered = study(
            options.protocol, options.data, options.out, _signer(), report, withdrawn=_withdrawn(options)
        )
    where = {"registered": registered.name, "version": registered.version, "mlflow": registered.uri}
    return _close(result, options, where | {"run_id": registered.run_id, "report": str(options.out / "report.html")})


def _example(options: Namespace) -> int:
    from experiments.studies.registry import example_named
    from experiments.studies.run import RESULTS, make, run

    example = example_named(options.name)
    _check_out(options.out)
    made = make(example, options.out, options.data)
    with progress(example.name) as report:
        result, registered = run(made, options.out, _signer(), report)
    where = {"registered": registered.name, "version": registered.version, "mlflow": registered.uri}
    return _close(result, options, where | {"results": str(options.out / RESULTS)})


def _export(options: Namespace) -> int:
    from experiments.bulk.command import export

    return export(options)


def _promote(options: Namespace) -> int:
    record = promote(options.name, options.version, options.by, options.why, _signer(), tuple(options.accept_waiver))
    _say(f"{record.name} version {record.version} is champion, by {record.by}. Services fetch it with:")
    _say(f"  equipoise pull {record.name}@champion")
    return 0


def _promotions(options: Namespace) -> int:
    from experiments.promotions import as_data, as_table

    _say(as_data(options.name) if options.json else as_table(options.name))
    return 0


def _card(options: Namespace) -> int:
    from experiments.card.command import card_text

    text = card_text(options.name, options.version, options.out, options.json)
    _say(f"Wrote {options.out}." if options.out else text)
    return 0


def _worker(options: Namespace) -> int:
    from experiments.worker.service_door import open_door
    from experiments.worker.work import work

    _check_out(options.work)
    _signer()  # tells of a new key before it waits
    more = ["--withdrawn", str(options.withdrawn)] if options.withdrawn else []
    with open_door(options.service, options.token, options.name) as door:
        return work(door, options.work, more, once=options.once)


def _shadow(options: Namespace) -> int:
    from experiments.shadow.command import RESULT, shadow

    _check_out(options.out)
    with progress("shadow") as report:
        told = shadow(options.protocol, options.data, options.cards, options.out, report, _withdrawn(options))
    _say(json.dumps(told) if options.json else f"{told['sentence']}\nWrote {options.out / RESULT}.")
    return GATE_FAILED if told["verdict"] == "design_failed" else 0


def _benchmark(options: Namespace) -> int:
    from experiments.benchmark import benchmark
    from experiments.benchmark_suite import Request

    _check_out(options.out)
    worlds = tuple(name.strip() for name in options.worlds.split(",") if name.strip())
    request = Request(
        options.out,
        options.quick,
        options.draws,
        options.n,
        worlds,
        data=options.data,
        jobs=options.jobs,
        peers=options.peers,
    )
    return benchmark(options.suite, request)


COMMANDS: Mapping[str, Callable[[Namespace], int]] = {
    "demo": _demo,
    "simulate": _simulate,
    "protocol": _protocol,
    "fit": _fit,
    "study": _study,
    "example": _example,
    "export": _export,
    "promote": _promote,
    "promotions": _promotions,
    "card": _card,
    "worker": _worker,
    "shadow": _shadow,
    "benchmark": _benchmark,
}


def _check_out(out: Path) -> None:
    """Refuse a place that cannot be a folder before minutes of work, not after."""
    existing = next(path for path in (out, *out.parents, Path("/")) if path.exists())
    if not existing.is_dir():
        raise BadUsage(f"--out expects a folder; {existing} is a file: choose another path.")


def _withdrawn(options: Namespace) -> WithdrawnPatients | None:
    return read_withdrawn(options.withdrawn) if options.withdrawn else None


def _signer() -> Signer:
    signer = open_signer()
    if signer.created:
        text = f"Made a signing key: {signer.path} (keep it private). This machine now trusts what it signs."
        print(text, file=sys.stderr)  # standard output may be read by a machine
    return signer


def _close(result: Result, options: Namespace, more: dict[str, str]) -> int:
    """Tell what came, for a person or a machine, and return the exit code."""
    if options.json:
        gates = {gate.name: gate.state for gate in result.gates}
        summary = {
            "study_id": result.protocol.study_id,
            "passed": result.passed,
            "gates": gates,
            "effects_computed": isinstance(result, StudyResult),
            "read_as": result.episodes.form,
            "out": str(options.out),
        }
        print(json.dumps(summary | more, sort_keys=True))
    else:
        for line in (*_left_out(result), *_judged(result)):
            _say(line)
        for key, value in more.items():
            _say(f"{key}: {value}")
        _say(f"Results are in {options.out}." + ("" if result.passed else " A gate failed: the policy is marked so."))
    return 0 if result.passed else GATE_FAILED


def _left_out(result: Result) -> Iterator[str]:
    """How the records were read, and what the study goes on without."""
    episodes = result.episodes
    if episodes.form:
        yield f"Read as: {episodes.form}."
    for left in episodes.left_out:
        yield f"{left.done}: {left.count} {left.what}."
    if episodes.left_therapy:
        many, column = episodes.left_therapy, result.protocol.outcome.column
        yield f"Count as not observed: {many} patients who left their therapy before the window of {column}."
    for name, count in episodes.thin_arms.items():
        yield f"{name} is not ranked from records: {disclose_alone(count)} episodes, 30 are needed, of 11 patients."
    for pair in result.withdrawn:
        yield f"withdrawn: {pair.reason}"
    for name in episodes.apart:
        yield f"{name} is not ranked: by the design it cannot be compared with {result.protocol.arms.reference}."
    for name, why in episodes.set_aside.items():
        yield f"{name} is set aside: {why}."


def _judged(result: Result) -> Iterator[str]:
    """How each gate was judged, and what follows for individual advice."""
    for gate in result.gates:
        yield f"gate {gate.name}: {TOLD[gate.state]}. {gate.sentence}"
        if gate.waiver:
            yield f"  waiver by {gate.waiver.by}: {gate.waiver.why}"
    if not isinstance(result, StudyResult):
        yield "The design failed, so that no effect was computed."
        return
    for decision in result.learned.individualisation:
        yield decision.reason


def _say(text: str) -> None:
    print(text, file=sys.stdout)
