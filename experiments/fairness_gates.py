"""Gates on groups: is anybody told an effect that is not theirs, or advised worse than clinicians chose?"""

from __future__ import annotations

from data_contracts.fairness import Fairness
from data_contracts.gate import Gate, at_least, at_most
from data_contracts.protocol import StudyProtocol
from experiments.report.wording import number, p_value

NO_GROUPS = "The protocol names no groups of patients."
NONE_LARGE = "No group of the protocol's has the 100 patients that are needed."


def fairness_gates(found: Fairness, protocol: StudyProtocol) -> tuple[Gate, ...]:
    """Each fails where a group is beyond its mark by more than chance, all groups and arms taken together."""
    return (_calibration(found, protocol), _harm(found, protocol))


def _calibration(found: Fairness, protocol: StudyProtocol) -> Gate:
    marks = protocol.gates
    name, mark = "group_calibration", f"no gap surely other than 0 of more than {marks.max_group_gap:g} SD"
    gaps = [(abs(one.gap.estimate), group.name, one) for group in found.groups for one in group.gaps]
    if not gaps:
        return _silent(name, mark, protocol)
    sure = [gap for gap in gaps if gap[2].gap.p < marks.group_alarm]
    size, group, worst = max(sure or gaps, key=lambda gap: gap[0])
    largest = "The largest gap that is sure" if sure else "No gap is sure. The largest"
    way = "more" if worst.gap.estimate > 0 else "less"
    return Gate(
        name=name,
        value=size,
        asked=at_most(marks.max_group_gap),
        mark=mark,
        state="failed" if sure and size > marks.max_group_gap else "passed",
        sentence=(
            f"{largest}: patients with {group} gain {size:.2f} SD {way} from {worst.arm} than they are told "
            f"({p_value(worst.gap.p)}, all groups and arms together)."
        ),
    )


def _harm(found: Fairness, protocol: StudyProtocol) -> Gate:
    marks = protocol.gates
    name, mark = "group_harm", "no group for which the advice is surely worse than what clinicians chose"
    gains = [(group.gain.estimate, group.name, group.gain) for group in found.groups if group.gain is not None]
    if not gains:
        return _silent(name, mark, protocol)
    worse = [gain for gain in gains if gain[2].estimate < 0 and gain[2].p < marks.group_alarm]
    value, group, judged = min(worse or gains, key=lambda gain: gain[0])
    sure = "" if worse else "No group is surely worse off. "
    return Gate(
        name=name,
        value=value,
        asked=at_least(0),
        mark=mark,
        state="failed" if worse else "passed",
        sentence=(
            f"{sure}Against what clinicians chose, the advice gains least for patients with {group}: "
            f"{number(value)} {protocol.outcome.unit} ({p_value(judged.p)}, all groups together)."
        ),
    )


def _silent(name: str, mark: str, protocol: StudyProtocol) -> Gate:
    told = NONE_LARGE if protocol.groups else NO_GROUPS
    return Gate.not_assessed(name, mark, told)
