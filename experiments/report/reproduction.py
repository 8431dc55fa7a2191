"""What it takes to repeat a study: commands, versions, hashes and seeds, all read from the run."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

from data_contracts.protocol import StudyProtocol
from experiments.run_record import environment_sha256, lock_sha256
from experiments.stages import program

LIBRARIES = ("equipoise", "econml", "lightgbm", "numpy", "scikit-learn", "scipy")


def reproduction(protocol: StudyProtocol, fingerprint: str) -> dict[str, Any]:
    """Plain data; the same study on the same installation gives the same."""
    return {
        "commands": [
            "pip install --require-hashes -r requirements.lock",
            "equipoise-lab study PROTOCOL --data RECORDS --out DIR",
        ],
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "hashes": {
            "study (protocol)": protocol.study_id,
            "records (fingerprint)": fingerprint,
            "program (source and computing libraries)": program(),
            "lock file": lock_sha256(),
            "environment (all installed versions)": environment_sha256(),
        },
        "seeds": {"folds": [protocol.seed + i for i in range(protocol.repeats)]},
    }
