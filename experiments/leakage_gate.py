"""The gate on leakage: a covariate that tells too much of the outcome was hardly known before the therapy began."""

from __future__ import annotations

from collections.abc import Mapping

from data_contracts.gate import Gate, at_most
from data_contracts.protocol import StudyProtocol


def leakage_gate(shares: Mapping[str, float], protocol: StudyProtocol) -> Gate:
    """Judge the covariate that explains most of the outcome alone.

    Args:
        shares: by covariate, of the outcome's residual variance, given the arm and all others; empty if not known.
    """
    largest = protocol.gates.max_outcome_share
    name, mark = "leakage", f"no covariate that alone explains more than {100 * largest:g} % of the outcome"
    if not shares:
        told = "Too few episodes for a regression on all covariates."
        return Gate.not_assessed(name, mark, told)
    covariate = max(shares, key=lambda column: shares[column])
    share = shares[covariate]
    failed = share > largest
    advice = ": look whether it was measured after the start, or made from the outcome" if failed else ""
    return Gate(
        name=name,
        value=share,
        asked=at_most(largest),
        mark=mark,
        state="failed" if failed else "passed",
        sentence=(
            f"{covariate} explains more of the outcome by itself than any other covariate does, given the arm and all "
            f"others: {100 * share:.0f} %{advice}."
        ),
    )
