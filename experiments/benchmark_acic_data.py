"""The data sets of the 2016 ACIC competition (Dorie et al. 2019), from the folder that --data names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data_contracts.errors import BadUsage
from data_contracts.tables import table_from_frame
from experiments.benchmark_two_arms import TwoArms

COVARIATES, TEN = "x.csv", range(1, 11)
KEYS = ("z", "y", "mu0", "mu1")
OUTCOMES = ("z", "y0", "y1", "mu0", "mu1")


@dataclass(frozen=True)
class AcicFolder:
    """What a folder holds.

    Attributes:
        path: where it is.
        ten: causallib's files ``zymu_1.csv`` to ``zymu_10.csv``, by number, those that are there.
        settings: how many rows the arrays z, y, mu0 and mu1 of its .npz have, one a setting; 0 without one.
    """

    path: Path
    ten: Mapping[int, Path]
    settings: int

    def read(self, kind: str, number: int) -> TwoArms:
        """One data set: of causallib's ten (kind ``causallib``) or of the settings (kind ``setting``), from 1."""
        table = table_from_frame(pd.read_csv(self.path / COVARIATES))
        if kind == "causallib":
            found = pd.read_csv(self.ten[number])
            z, y0, y1, mu0, mu1 = (found[name].to_numpy(dtype=np.float64) for name in OUTCOMES)
            return TwoArms(table.columns, z.astype(np.int64), np.where(z == 1, y1, y0), mu1 - mu0)
        with np.load(_arrays(self.path)[0], allow_pickle=False) as arrays:
            z, y, mu0, mu1 = (arrays[key][number - 1].astype(np.float64) for key in KEYS)
        return TwoArms(table.columns, z.astype(np.int64), y, mu1 - mu0)

    @property
    def published(self) -> pd.DataFrame | None:
        """The competition's methods with ``rmse``, ``cover`` and ``width`` in SD(y), best first; None without them."""
        paths = sorted(self.path.glob("bakeoff_summary*.csv"))
        return pd.read_csv(paths[0]).sort_values("rmse") if paths else None


def open_acic(folder: Path) -> AcicFolder:
    """Look into a folder.

    Raises:
        BadUsage: it has no covariates, or neither kind of outcomes.
    """
    ten = {i: path for i in TEN if (path := folder / f"zymu_{i}.csv").exists()}
    arrays = _arrays(folder)
    settings = 0
    if arrays:
        with np.load(arrays[0], allow_pickle=False) as found:
            settings = len(found["z"])
    if not (folder / COVARIATES).exists() or not (ten or settings):
        expected = f"{COVARIATES} and zymu_1.csv … zymu_10.csv, or an .npz with the arrays {', '.join(KEYS)}"
        raise BadUsage(f"--data holds no ACIC 2016 data sets: expected {expected}")
    return AcicFolder(folder, ten, settings)


def _arrays(folder: Path) -> list[Path]:
    """The .npz files of a folder that have all the arrays."""
    found = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            if set(KEYS) <= set(arrays.files):
                found.append(path)
    return found
