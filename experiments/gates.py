"""Gates: pass marks of the protocol, fixed before results are seen, against what came."""

from __future__ import annotations

from collections.abc import Sequence

from data_contracts.gate import Gate, GateState, Waiver, at_least, at_most
from data_contracts.gate_marks import GateMarks
from data_contracts.protocol import StudyProtocol
from data_contracts.systematic_error import SystematicError
from estimators.learn import Learned
from estimators.pair_design import PairDesign
from estimators.share_interval import Z, share_interval
from experiments.diagnostics import Diagnostics
from experiments.effect_gates import effect_gates, negative_control_gate
from experiments.individual_gates import individual_gates
from experiments.report.disclosure import coarse_share
from experiments.withdrawal import judged_pairs


def judge(design: Sequence[Gate], learned: Learned, protocol: StudyProtocol) -> tuple[Gate, ...]:
    """Every gate of a study, in a fixed order: those of its design, of its effects, and those that earn advice.

    Args:
        design: the gates that were judged blind.
    """
    effects = (*effect_gates(learned, protocol), *individual_gates(learned, protocol))
    return (*design, *with_waivers(effects, protocol.waivers))


def blinded_gates(
    found: Diagnostics, arms: Sequence[str], errors: tuple[SystematicError, ...], protocol: StudyProtocol
) -> tuple[Gate, ...]:
    """Every gate that is judged without looking at an effect, waivers apart.

    Args:
        arms: the K arms in the order of their codes.
        errors: of each arm by negative controls.
    """
    marks = protocol.gates
    pairs = judged_pairs(found.pairs, protocol)
    gone = len(found.pairs) - len(pairs)
    return (
        _log_loss(found, marks),
        _calibration(found, marks),
        _balance(pairs, arms, marks, gone),
        _equipoise(pairs, arms, marks, gone),
        negative_control_gate(errors, len(protocol.negative_controls.outcomes), marks),
    )


def with_waivers(gates: Sequence[Gate], waivers: Sequence[Waiver]) -> tuple[Gate, ...]:
    """Each gate with its waiver; one that failed is waived by it, any other stays what it was."""
    by_gate = {waiver.gate: waiver for waiver in waivers}
    return tuple(_waived(gate, by_gate[gate.name]) if gate.name in by_gate else gate for gate in gates)


def _waived(gate: Gate, waiver: Waiver) -> Gate:
    return gate.model_copy(update={"waiver": waiver, "state": "waived" if gate.state == "failed" else gate.state})


def _state(held: bool) -> GateState:
    return "passed" if held else "failed"


def _log_loss(found: Diagnostics, marks: GateMarks) -> Gate:
    excess, chance = found.log_loss - found.marginal_entropy, Z * found.log_loss_error
    return Gate(
        name="propensity_log_loss",
        value=excess,
        lower=excess - chance,
        upper=excess + chance,
        asked=at_most(marks.max_log_loss_excess),
        mark=f"at most {marks.max_log_loss_excess} nats above the arms' entropy, beyond chance",
        state=_state(excess - chance <= marks.max_log_loss_excess),
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
        lower=max(beyond, 0.0),
        upper=found.calibration_error,
        asked=at_most(marks.max_calibration_error),
        mark=f"at most {marks.max_calibration_error} beyond chance",
        state=_state(beyond <= marks.max_calibration_error),
        sentence=(
            f"Class-wise calibration error of the propensity {found.calibration_error:.3f}, "
            f"of which chance explains {found.calibration_chance:.3f}."
        ),
    )


def _balance(pairs: Sequence[PairDesign], arms: Sequence[str], marks: GateMarks, gone: int) -> Gate:
    worst = max(pairs, key=lambda pair: pair.beyond_chance)
    return Gate(
        name="balance",
        value=worst.beyond_chance,
        lower=worst.beyond_chance,
        upper=worst.upper,
        asked=at_most(marks.max_smd),
        mark=f"at most {marks.max_smd} standard deviations beyond chance",
        state=_state(worst.beyond_chance <= marks.max_smd),
        sentence=(
            f"Largest difference between arms after weighting: {max(pair.difference for pair in pairs):.2f} SD; "
            f"farthest beyond chance is {worst.column}, {arms[worst.first]} and {arms[worst.second]}.{_without(gone)}"
        ),
    )


def _equipoise(pairs: Sequence[PairDesign], arms: Sequence[str], marks: GateMarks, gone: int) -> Gate:
    least = min(pairs, key=lambda pair: share_interval(pair.equipoise, pair.band.episodes)[1])
    share = coarse_share(least.band)
    lower, upper = share_interval(share, least.band.episodes)
    return Gate(
        name="equipoise",
        value=share,
        lower=lower,
        upper=upper,
        asked=at_least(marks.min_equipoise),
        mark=f"at least {marks.min_equipoise} of every pair's episodes, within chance",
        state=_state(upper >= marks.min_equipoise),
        sentence=(
            f"The pair least in equipoise, {arms[least.first]} and {arms[least.second]}, has {100 * share:.0f} % of "
            f"its episodes there.{_without(gone)}"
        ),
    )


def _without(gone: int) -> str:
    """That pairs were left out of the judgement."""
    return f" Withdrawn pairs, {gone} of them, are left out." if gone else ""
