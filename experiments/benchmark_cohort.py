"""What making a cohort of events costs, beside a plain grouping of the same rows in the same process."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from matplotlib.figure import Figure

from data_contracts.event_tables import EVENT_TABLES, WHAT
from data_contracts.protocol import StudyProtocol
from data_contracts.target_trial import TargetTrial
from estimators.progress import Progress
from experiments.benchmark_cost import peak_megabytes
from experiments.benchmark_marks import Cell, Mark, Summary, at_most, in_cell, judge_marks, marks_table
from experiments.benchmark_runs import apart, run_all
from experiments.benchmark_suite import Request, SuiteResult, Table
from experiments.benchmark_summary import describe_all, told
from experiments.cohort.build import cohort_expression
from experiments.cohort.event_checks import event_problems
from experiments.cohort.event_source import EventSource, Expression
from experiments.cohort.named import name_problems
from experiments.cohort.open_records import open_records
from experiments.random_events import CONTENT, random_tables
from experiments.report.drawing import BLUE, GREY, bare

NAME, ROWS, QUICK_ROWS = "events", 2_000_000, 200_000
ROWS_OF_A_PATIENT = 32.2
"""Events, scores and courses that a patient of ``random_tables`` has, on average."""
DRAWS, AGAIN, SEED = 3, 5, 1
TODAY = datetime.date(2026, 1, 1)
STEPS = ("opened", "checked", "cohort", "plain grouping")

MARKS = (
    Mark("2,000,000 rows: the cohort over a plain grouping of the same rows: at most 30",
         ("cohort / plain grouping", "mean"), at_most(30), in_cell(NAME, ROWS)),
    Mark("… megabytes at the peak, with reading and checking: at most 2,000",
         ("megabytes peak", "mean"), at_most(2000), in_cell(NAME, ROWS)),
)  # fmt: skip


def benchmark_cohort(request: Request, report: Progress) -> SuiteResult:
    """Draw event rows, make a cohort of them in DuckDB, and group the same rows plainly; --n is the number of rows.

    Each draw is read in a process of its own, so that its memory is its own; --jobs means nothing here.
    """
    rows = request.n or (QUICK_ROWS if request.quick else ROWS)
    draws = request.draws or (1 if request.quick else DRAWS)
    found = run_all(_draw_and_measure, [(rows, SEED + i) for i in range(draws)], 1, report)
    cells: dict[Cell, Summary] = {(NAME, rows): describe_all(found)}
    judged = judge_marks(MARKS, cells)
    figures = {"rows": rows, "seeds": [SEED, SEED + draws - 1], "figures": cells[NAME, rows], "marks": judged}
    return SuiteResult(figures, (marks_table(judged), _table(cells[NAME, rows])), lambda figure: _draw(found, figure))


def measure_cohort(folder: Path) -> dict[str, float]:
    """What it costs to read, check and make a cohort of a folder's records, in one process.

    Returns:
        CPU-seconds over all threads of each of ``STEPS``; of the cohort, one statement of the database, and of the
        plain grouping the median of several, taken in turns; ``cohort / plain grouping`` and ``all / plain grouping``;
        ``rows`` that were grouped, their ``patients``, and of how many the cohort's statement told (``starters``);
        ``megabytes before`` and at the ``peak``.
    """
    protocol = StudyProtocol.model_validate(CONTENT)
    trial = protocol.target_trial
    assert trial is not None  # noqa: S101 - the protocol has one
    before = peak_megabytes()
    opened, source = _timed(lambda: open_records(folder, trial))
    with source:
        checked, problems = _timed(lambda: _problems(source, trial))
        assert problems == 0, "the records are drawn without faults"  # noqa: S101 - else the figure is of another thing
        ask = source.connection.to_pyarrow
        cohort, plain = cohort_expression(source.joined, protocol, trial), _grouped(source)
        taken = [(_timed(lambda: ask(cohort)), _timed(lambda: ask(plain))) for _ in range(AGAIN)]
    made, grouped = (median(turn[i][0] for turn in taken) for i in (0, 1))
    return {
        "opened": opened,
        "checked": checked,
        "cohort": made,
        "plain grouping": grouped,
        "cohort / plain grouping": made / grouped,
        "all / plain grouping": (opened + checked + made) / grouped,
        "rows": float(sum(taken[0][1][1].column("records").to_pylist())),
        "patients": float(len(taken[0][1][1])),
        "starters": float(len(taken[0][0][1])),
        "megabytes before": before,
        "megabytes peak": peak_megabytes(),
    }


def _draw_and_measure(rows: int, seed: int) -> dict[str, float]:
    """One draw: written and measured in a process each, as a process begins with its parent's peak of memory."""
    with TemporaryDirectory() as place:
        apart(_write, rows, seed, Path(place))
        return apart(measure_cohort, Path(place))


def _write(rows: int, seed: int, folder: Path) -> None:
    for name, table in random_tables(seed, round(rows / ROWS_OF_A_PATIENT)).items():
        table.to_parquet(folder / f"{name}.parquet", index=False)


def _problems(source: EventSource, trial: TargetTrial) -> int:
    return len([*event_problems(source, TODAY, trial.cleaning), *name_problems(source, trial)])


def _grouped(source: EventSource) -> Expression:
    """``SELECT patient_id, min(date), count(*) … GROUP BY patient_id`` over every row that the cohort is made of."""
    tables = [(source.joined[name], EVENT_TABLES[name].day) for name in WHAT]
    rows = reduce(lambda one, other: one.union(other), [t.select("patient_id", date=t[day]) for t, day in tables])
    return rows.group_by("patient_id").agg(first=rows.date.min(), records=rows.count())


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU-seconds over all threads, and what came."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def _table(summary: Summary) -> Table:
    note = (
        "CPU-seconds of all threads, ratios, megabytes. The plain grouping is `SELECT patient_id, min(date), count(*) "
        "… GROUP BY patient_id` over the rows that the cohort is made of, in the same tables of the same process. "
        "Memory is the process's peak; libraries are in it."
    )
    return Table("A cohort of events", ("what", "value"), [(name, told(one)) for name, one in summary.items()], note)


def _draw(found: list[dict[str, float]], figure: Figure) -> None:
    axes = figure.subplots()
    for i, draw in enumerate(found):
        places = [k + 0.2 * i for k in range(len(STEPS))]
        colours = [GREY if step == "plain grouping" else BLUE for step in STEPS]
        axes.barh(places, [draw[step] for step in STEPS], color=colours, height=0.18)
    axes.set(yticks=range(len(STEPS)), yticklabels=STEPS, xlabel="CPU-seconds, a bar each draw")
    axes.invert_yaxis()
    bare(axes)
