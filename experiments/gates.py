"""Gates: pass marks of the protocol, fixed before results are seen, against what came."""

from __future__ import annotations

from data_contracts.gate import Gate
from data_contracts.protocol import GateMarks
from experiments.diagnostics import Diagnostics


def judge(found: Diagnostics, marks: GateMarks) -> tuple[Gate, ...]:
    """Every gate that fitting itself can judge."""
    return (_log_loss(found, marks), _calibration(found, marks), _balance(found, marks), _equipoise(found, marks))


def _log_loss(found: Diagnostics, marks: GateMarks) -> Gate:
    excess = found.log_loss - found.marginal_entropy
    return Gate(
        name="propensity_log_loss",
        value=excess,
        mark=f"at most {marks.max_log_loss_excess} nats above the arms' entropy",
        passed=excess <= marks.max_log_loss_excess,
        sentence=(
            f"Held-out log-loss of the propensity {found.log_loss:.3f}; "
            f"guessing by the arms' shares gives {found.marginal_entropy:.3f}."
        ),
    )


def _calibration(found: Diagnostics, marks: GateMarks) -> Gate:
    beyond = found.calibration_error - found.calibration_chance
    return Gate(
        name="propensity_calibration",
        value=beyond,
        mark=f"at most {marks.max_calibration_error} beyond chance",
        passed=beyond <= marks.max_calibration_error,
        sentence=(
            f"Class-wise calibration error of the propensity {found.calibration_error:.3f}, "
            f"of which chance explains {found.calibration_chance:.3f}."
        ),
    )


def _balance(found: Diagnostics, marks: GateMarks) -> Gate:
    beyond = found.balance.beyond_chance
    return Gate(
        name="balance",
        value=beyond,
        mark=f"at most {marks.max_smd} standard deviations beyond chance",
        passed=beyond <= marks.max_smd,
        sentence=f"Largest difference between arms after weighting: {found.balance.after.max():.2f} SD.",
    )


def _equipoise(found: Diagnostics, marks: GateMarks) -> Gate:
    pair, share = min(found.equipoise.items(), key=lambda item: item[1])
    return Gate(
        name="equipoise",
        value=share,
        mark=f"at least {marks.min_equipoise} of every pair's episodes",
        passed=share >= marks.min_equipoise,
        sentence=f"The pair least in equipoise, {pair[0]} and {pair[1]}, has {share:.0%} of its episodes there.",
    )
