"""`equipoise-lab benchmark`: ours beside peers, on the same data in the same run."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from experiments.fit import write_json

EPISODES, SEED = 2000, 1


def benchmark(suite: str, out: Path) -> int:
    """Run one suite, print what came and write it as JSON; 0 when it ran."""
    found = {"suite": suite, "machine": platform.platform(), "python": platform.python_version()} | SUITES[suite]()
    write_json(found, out / f"{suite}.json")
    for key, value in found.items():
        print(f"{key}: {value}")
    print(f"Written to {out / f'{suite}.json'}.")
    return 0


def _scores() -> dict[str, Any]:
    from experiments.benchmark_scores import compare_with_doubleml

    return compare_with_doubleml(EPISODES, SEED)


def _serve() -> dict[str, Any]:
    from experiments.benchmark_serve import time_recommendations

    return time_recommendations(EPISODES, SEED)


SUITES: Mapping[str, Callable[[], dict[str, Any]]] = {"scores": _scores, "serve": _serve}
