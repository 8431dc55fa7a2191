"""Gates: pass marks of the protocol, fixed before results are seen, against what came."""

from __future__ import annotations

from collections.abc import Sequence

from data_contracts.gate import Gate, GateState, Waiver
from data_contracts.protocol import GateMarks, StudyProtocol
from estimators.learn import Learned
from experiments.diagnostics import Diagnostics
from experiments.effect_gates import effect_gates
from experiments.individual_gates import individual_gates


def judge(found: Diagnostics, learned: Learned, protocol: StudyProtocol) -> tuple[Gate, ...]:
    """Every gate of a study, in a fixed order: those of its design, of its effects, and those that earn advice."""
    marks = protocol.gates
    gates = (*blinded_gates(found, marks), *effect_gates(learned, protocol), *individual_gates(learned, protocol))
    return with_waivers(gates, protocol.waivers)


def blinded_gates(found: Diagnostics, marks: GateMarks) -> tuple[Gate, ...]:
    """Every gate that is judged without looking at an effect, waivers apart."""
    return (_log_loss(found, marks), _calibration(found, marks), _balance(found, marks), _equipoise(found, marks))


def with_waivers(gates: Sequence[Gate], waivers: Sequence[Waiver]) -> tuple[Gate, ...]:
    """Each gate with its waiver; one that failed is waived by it, any other stays what it was."""
    by_gate = {waiver.gate: waiver for waiver in waivers}
    return tuple(_waived(gate, by_gate[gate.name]) if gate.name in by_gate else gate for gate in gates)


def _waived(gate: Gate, waiver: Waiver) -> Gate:
    return gate.model_copy(update={"waiver": waiver, "state": "waived" if gate.state == "failed" else gate.state})


def _state(held: bool) -> GateState:
    return "passed" if held else "failed"


def _log_loss(found: Diagnostics, marks: GateMarks) -> Gate:
    excess = found.log_loss - found.marginal_entropy
    return Gate(
        name="propensity_log_loss",
        value=excess,
        mark=f"at most {marks.max_log_loss_excess} nats above the arms' entropy",
        state=_state(excess <= marks.max_log_loss_excess),
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
        state=_state(beyond <= marks.max_calibration_error),
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
        state=_state(beyond <= marks.max_smd),
        sentence=f"Largest difference between arms after weighting: {found.balance.after.max():.2f} SD.",
    )


def _equipoise(found: Diagnostics, marks: GateMarks) -> Gate:
    pair, share = min(found.equipoise.items(), key=lambda item: item[1])
    return Gate(
        name="equipoise",
        value=share,
        mark=f"at least {marks.min_equipoise} of every pair's episodes",
        state=_state(share >= marks.min_equipoise),
        sentence=f"The pair least in equipoise, {pair[0]} and {pair[1]}, has {share:.0%} of its episodes there.",
    )
