"""Recomputes the trial evidence of `data_contracts/evidence` from folders of trials' results.

    python docs/scripts/recompute_evidence.py DATA

DATA holds the folders `metapsy` (data.csv of the Metapsy depression database, psychotherapy against control; doi
10.5281/zenodo.7254845) and `netmeta_linde` (Linde2015.csv, Linde2016.csv of the R package netmeta). Nothing of them is
part of this project; the evidence tables hold the pooled figures alone, and a test compares them where DATA is there.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterator
from pathlib import Path

from trial_pools import Pooled, Row, pool, pool_network

LOW_RISK = "4"
"""Items of the risk-of-bias tool that were met, all four of them."""

PSYCHOTHERAPIES = {
    "CBT": ("cbt", {"ind"}),
    "GSH_ICBT": ("cbt", {"gsh"}),
    "BA": ("bat", {"ind"}),
    "IPT": ("ipt", None),
    "DIT": ("dyn", None),
    "MBCT": ("3rd", {"grp"}),
    "PCECFD": ("sup", None),
}
"""Therapy of the catalogue -> condition and formats of the database; None for all formats."""

PRIMARY_CARE = {
    "CBT": "Face-to-face CBT",
    "GSH_ICBT": "Guided self-help CBT",
    "IPT": "Face-to-face interpersonal psychotherapy",
    "SSRI": "SSRI",
    "SNRI": "SNRI",
    "TCA": "TCA",
    "NASSA_SARI": "NaSSA",
}
DRUGS = {"SSRI": "SSRI", "TCA": "TCA"}


def recompute(data: Path) -> dict[str, Pooled]:
    """Every pool by the name of its evidence table, with therapies by their keys in the catalogue."""
    named = {value: key for key, value in PRIMARY_CARE.items()}
    network = pool_network(list(_linde_contrasts(data / "netmeta_linde" / "Linde2016.csv", named)), "UC")
    return {
        "psychotherapy_symptoms": _psychotherapies(data, _symptoms),
        "psychotherapy_dropout": _psychotherapies(data, _dropout),
        "primary_care_response": _chosen(network, tuple(PRIMARY_CARE)),
        "drug_dropout": _drug_dropout(data),
    }


def _psychotherapies(data: Path, value) -> Pooled:
    rows, seen = [], set()
    for line in _read(data / "metapsy" / "data.csv", ";"):
        if line["rob"] != LOW_RISK or line["condition_arm2"] != "cau":
            continue
        found = value(line)
        for key, (condition, formats) in PSYCHOTHERAPIES.items():
            if found and line["condition_arm1"] == condition and (formats is None or line["format"] in formats):
                # Attrition stands in every row of a trial's arm; it is one fact.
                fact = (line["study"], key, line["multi_arm1"], *found)
                if value is _symptoms or fact not in seen:
                    rows.append(Row(line["study"], key, *found))
                seen.add(fact)
    return pool(rows, tuple(PSYCHOTHERAPIES))


def _symptoms(line: dict[str, str]) -> tuple[float, float] | None:
    numbers = _number(line[".g"]), _number(line[".g_se"])
    return None if None in numbers else numbers


def _dropout(line: dict[str, str]) -> tuple[float, float] | None:
    counts = [_number(line[name]) for name in ("attr_arm1", "rand_arm1", "attr_arm2", "rand_arm2")]
    return None if None in counts else log_odds_ratio(*counts)


def _drug_dropout(data: Path) -> Pooled:
    rows = []
    for line in _read(data / "netmeta_linde" / "Linde2015.csv", ","):
        arms = {line[f"treatment{i}"]: (line[f"loss{i}"], line[f"n{i}"]) for i in (1, 2, 3) if line[f"treatment{i}"]}
        if "Placebo" not in arms:
            continue
        for key, name in DRUGS.items():
            counts = [_number(value) for value in (*arms.get(name, ("NA", "NA")), *arms["Placebo"])]
            if None not in counts:
                rows.append(Row(line["id"], key, *log_odds_ratio(*counts)))
    return pool(rows, tuple(DRUGS))


def log_odds_ratio(events: float, n: float, other_events: float, other_n: float) -> tuple[float, float]:
    """Log odds ratio and its error; 0.5 is added to every cell where one is empty."""
    cells = [events, n - events, other_events, other_n - other_events]
    if min(cells) <= 0:
        cells = [cell + 0.5 for cell in cells]
    a, b, c, d = cells
    return math.log(a / b) - math.log(c / d), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def _linde_contrasts(path: Path, named: dict[str, str]) -> Iterator[tuple[str, str, str, float, float]]:
    for line in _read(path, ","):
        one, other = (named.get(line[f"treat{i}.long"], line[f"treat{i}.long"]) for i in (1, 2))
        yield line["id"], one, other, float(line["lnOR"]), float(line["selnOR"])


def _chosen(found: Pooled, names: tuple[str, ...]) -> Pooled:
    at = [found.names.index(name) for name in names]
    return Pooled(names, found.estimate[at], found.covariance[at][:, at], found.tau, found.trials)


def _read(path: Path, delimiter: str) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        yield from csv.DictReader(file, delimiter=delimiter)


def _number(text: str | None) -> float | None:
    try:
        return float((text or "").replace(",", "."))
    except ValueError:
        return None


if __name__ == "__main__":
    for title, found in recompute(Path(sys.argv[1])).items():
        print(f"{title}: tau {found.tau:.3f}")
        for k, name in enumerate(found.names):
            print(f"  {name:11} {found.estimate[k]:+.3f} (se {found.error[k]:.3f}), {found.trials[name]} trials")
        for row in found.correlation.round(2).tolist():
            print("   ", row)
