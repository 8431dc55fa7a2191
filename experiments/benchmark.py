"""`equipoise-lab benchmark`: ours beside peers, on the same data in the same run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from data_contracts.errors import BadUsage
from data_contracts.whole_file import write_whole
from estimators.progress import Progress
from experiments.benchmark_machine import machine
from experiments.benchmark_page import markdown, plot
from experiments.benchmark_suite import Request, SuiteResult
from experiments.fit import write_json
from experiments.progress import progress

Suite: TypeAlias = Callable[[Request, Progress], SuiteResult]


def benchmark(suite: str, request: Request) -> int:
    """Run one suite, write JSON, Markdown and a plot of it, print the Markdown; 0 when it ran."""
    if any(number is not None and number < 1 for number in (request.draws, request.jobs, *request.sizes)):
        raise BadUsage("--draws, --n and --jobs are whole numbers from 1")
    with progress(f"benchmark {suite}") as report:
        result = SUITES[suite](request, report)
    about = machine()
    page = markdown(suite, about, result)
    write_json({"suite": suite, **about, **result.figures}, request.out / f"{suite}.json")
    write_whole(request.out / f"{suite}.md", page.encode())
    write_whole(request.out / f"{suite}.svg", plot(result, suite))
    print(page)
    print(f"Written to {request.out / suite}.json, .md and .svg.")
    return 0


def _worlds(request: Request, report: Progress) -> SuiteResult:
    from experiments.benchmark_table import benchmark_worlds

    return benchmark_worlds(request, report)


def _ihdp(request: Request, report: Progress) -> SuiteResult:
    from experiments.benchmark_ihdp import benchmark_ihdp

    return benchmark_ihdp(request, report)


def _acic(request: Request, report: Progress) -> SuiteResult:
    from experiments.benchmark_acic import benchmark_acic

    return benchmark_acic(request, report)


def _contrasts(request: Request, report: Progress) -> SuiteResult:
    from experiments.benchmark_contrasts import benchmark_contrasts

    return benchmark_contrasts(request, report)


def _cost(request: Request, report: Progress) -> SuiteResult:
    from experiments.benchmark_cost import benchmark_cost

    return benchmark_cost(request, report)


def _cohort(request: Request, report: Progress) -> SuiteResult:
    from experiments.benchmark_cohort import benchmark_cohort

    return benchmark_cohort(request, report)


def _serve(request: Request, report: Progress) -> SuiteResult:
    from experiments.benchmark_serve import benchmark_serve

    return benchmark_serve(request, report)


def _scores(request: Request, report: Progress) -> SuiteResult:
    from experiments.benchmark_scores import benchmark_scores

    return benchmark_scores(request, report)


def _evidence(request: Request, report: Progress) -> SuiteResult:
    from experiments.benchmark_evidence import benchmark_evidence

    return benchmark_evidence(request, report)


def _attack(request: Request, report: Progress) -> SuiteResult:
    from experiments.benchmark_attack import benchmark_attack

    return benchmark_attack(request, report)


def _refutation(request: Request, report: Progress) -> SuiteResult:
    from experiments.benchmark_refutation import benchmark_refutation

    return benchmark_refutation(request, report)


SUITES: Mapping[str, Suite] = {
    "worlds": _worlds,
    "contrasts": _contrasts,
    "ihdp": _ihdp,
    "acic2016": _acic,
    "cost": _cost,
    "cohort": _cohort,
    "serve": _serve,
    "scores": _scores,
    "evidence": _evidence,
    "attack": _attack,
    "refutation": _refutation,
}
