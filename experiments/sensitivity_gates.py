"""Gates on what was not measured: could it take away what the best arm is surely better by than the reference?"""

from __future__ import annotations

from data_contracts.gate import Gate, at_least
from data_contracts.protocol import StudyProtocol
from data_contracts.sensitivity import PairSensitivity, Sensitivity

NO_CLAIM = "The study claims of no arm that it is better than the reference: there is nothing to take away."


def sensitivity_gates(found: Sensitivity, protocol: StudyProtocol) -> tuple[Gate, ...]:
    """Judged for the best arm against the reference; if it is not claimed to be better, there is nothing to judge."""
    claims = [pair for pair in found.pairs if pair.worse == protocol.arms.reference and pair.claimed]
    claim = max(claims, key=lambda pair: pair.difference) if claims else None
    return (_unmeasured_cause(claim, protocol), _hidden_choice(claim, found.largest_gamma, protocol))


def _unmeasured_cause(claim: PairSensitivity | None, protocol: StudyProtocol) -> Gate:
    asked = protocol.gates.min_confounding
    name, mark = "unmeasured_cause", f"at least {asked:g} times as strong as the strongest measured covariate"
    if claim is None:
        return Gate.not_assessed(name, mark, NO_CLAIM)
    known = [one for one in claim.benchmarks if one.times is not None]
    if not known:
        told = "No measured covariate has a part in the choice between the two arms: there is no yardstick."
        return Gate.not_assessed(name, mark, told)
    strongest = min(known, key=lambda one: one.times or 0.0)
    times, at_bound = strongest.times or 0.0, strongest.times_at_bound or 0.0
    return Gate(
        name=name,
        value=times,
        asked=at_least(asked),
        lower=at_bound,
        mark=mark,
        state="passed" if times >= asked else "failed",
        sentence=(
            f"What {claim.better} is better by than {claim.worse} would be gone if an unmeasured cause were "
            f"{times:.1f} times as strong as {strongest.covariate}, the strongest measured one (robustness value "
            f"{100 * claim.robustness_value:.0f} %), and no longer be sure at {at_bound:.1f} times."
        ),
    )


def _hidden_choice(claim: PairSensitivity | None, largest: float, protocol: StudyProtocol) -> Gate:
    asked = protocol.gates.min_gamma
    name, mark = "hidden_choice", f"an odds ratio of at least {asked:g}"
    if claim is None:
        return Gate.not_assessed(name, mark, NO_CLAIM)
    gamma = largest if claim.flip_gamma is None else claim.flip_gamma
    more = "more than " if claim.flip_gamma is None else ""
    return Gate(
        name=name,
        value=gamma,
        asked=at_least(asked),
        mark=mark,
        state="passed" if gamma >= asked else "failed",
        sentence=(
            f"{claim.worse} could be as good as {claim.better} if an unmeasured cause changed anybody's odds of "
            f"starting one of them {more}{gamma:.1f}-fold."
        ),
    )
