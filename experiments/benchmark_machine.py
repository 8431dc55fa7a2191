"""On what a benchmark ran: the machine and the versions of the libraries."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = ("equipoise", "numpy", "scipy", "scikit-learn", "lightgbm", "econml", "doubleml", "duckdb")
CPU_INFO = Path("/proc/cpuinfo")


def machine() -> dict[str, str]:
    """What a reader needs in order to place the figures, by name."""
    return {
        "run": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory():.0f} GB, {platform.platform()}",
        "versions": ", ".join([f"python {platform.python_version()}", *(_library(name) for name in LIBRARIES)]),
        "threads": f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'not set')}; learning itself uses one",
    }


def _library(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} absent"


def _processor() -> str:
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
