"""A registry with the lab's models, as their studies leave them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data_contracts.alias_move import GATES, MOVES, STUDY_FILES, Alias, AliasMove
from data_contracts.errors import NotFound
from data_contracts.fairness import ArmGap, GroupFairness, Judged
from data_contracts.gate import Gate, GateState, Waiver, at_least, at_most, unjudged
from data_contracts.manifest import MANIFEST, PolicyManifest, sha256
from data_contracts.model_card import (
    ByGroup,
    CardEffect,
    FilledAttribute,
    MeasuredOutcome,
    ModelCard,
    Performance,
    Standing,
)
from data_contracts.source_attribute import load_source_attributes
from service.catalogue.filling import RegisteredModel, RegisteredVersion, fill

Send = Callable[..., Any]
FIRST = datetime(2026, 5, 1, 9, tzinfo=UTC)


@dataclass
class FakeRegistry:
    """One model; `lab` signs its records.

    Attributes:
        name: of the model.
        lab: has `sign`.
        runs: content by path, a run each, the first version's first.
        aliases: where they stand.
        asked: files that were fetched, for counting.
    """

    name: str
    lab: Any
    runs: list[dict[str, bytes]] = field(default_factory=list)
    aliases: dict[Alias, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _records: list[bytes] = field(default_factory=list)

    def study(self, run: Mapping[str, bytes], by: str = "equipoise-lab study, run by ana", **move: Any) -> str:
        """A finished study: its files as a run has them, and the challenger's move; the version."""
        self.runs.append(dict(run))
        version = str(len(self.runs))
        told = {name: sha256(run[name]) for name in STUDY_FILES if name in run}
        self.move("challenger", version, by, "the study was finished", **({"files": told} | move))
        return version

    def move(self, alias: Alias, version: str, by: str, why: str, **told: Any) -> AliasMove:
        """Move an alias as the lab does: written down, signed, then moved."""
        run = self.runs[int(version) - 1]
        move = AliasMove(
            name=self.name,
            alias=alias,
            from_version=self.aliases.get(alias),
            to_version=version,
            by=by,
            why=why,
            at=(FIRST + timedelta(hours=len(self._records))).isoformat(timespec="microseconds"),
            gates_sha256=sha256(run.get(GATES, b"")),
            manifest_sha256=sha256(run[f"policy/{MANIFEST}"]),
            previous_sha256=sha256(self._records[-1]) if self._records else None,
            **told,
        )
        content = move.content()
        stem = f"{MOVES}/{move.at.replace(':', '')}-{alias}-v{version}"
        run |= {f"{stem}.json": content, f"{stem}.signature": self.lab.sign(content)}
        self._records.append(content)
        self.aliases[alias] = version
        return move

    def model(self, name: str) -> RegisteredModel:
        """The model as MLflow would list it."""
        if name != self.name:
            raise NotFound("The registry holds no such model.")
        versions = tuple(RegisteredVersion(str(i), str(i - 1)) for i in range(len(self.runs), 0, -1))
        seen = f"{len(self.runs)} {len(self._records)} {sorted(self.aliases.items())}"
        return RegisteredModel(self.aliases.get("champion"), self.aliases.get("challenger"), versions, seen)

    def files(self, run: str, folder: str) -> list[str]:
        """Names in a folder of a run."""
        start = f"{folder}/" if folder else ""
        rest = [path.removeprefix(start) for path in self.runs[int(run)] if path.startswith(start)]
        return [name for name in rest if "/" not in name]

    def content(self, run: str, path: str) -> bytes | None:
        """A file of a run."""
        self.asked.append(path)
        return self.runs[int(run)].get(path)


@pytest.fixture
def registry(lab: Any, home: Any) -> FakeRegistry:
    """A registry with the model tiny, of which there is no version yet."""
    return FakeRegistry("tiny", lab)


@pytest.fixture
def run_files(lab: Any) -> Callable[..., dict[str, bytes]]:
    """Files of a finished study's run; if it is ``whole``, gates that the test names none of were passed."""

    def files(
        gates: tuple[Gate, ...] = (),
        report: Mapping[str, Any] | None = None,
        card: ModelCard | None = None,
        *,
        whole: bool = True,
        **told: Any,
    ) -> dict[str, bytes]:
        plain = lab.policy() if card is None else lab.policy(card=card.model_dump_json().encode())
        described = PolicyManifest.model_validate_json(plain[MANIFEST])
        judged = gates or described.gates
        judged = (*judged, *(make_gate(name) for name in unjudged(judged) if whole))
        described = described.model_copy(update={"gates": judged, **told})
        signed = lab.signed({"model_card.json": plain["model_card.json"]}, described)
        pages = {"report.html": b"<h1>Report</h1>", "model_card.html": b"<h1>Card</h1>"}
        content = {"report.json": json.dumps(report or {}).encode(), GATES: b"{}"}
        return {f"policy/{name}": held for name, held in signed.items()} | pages | content

    return files


@pytest.fixture
def brought(registry: FakeRegistry) -> Callable[[], Any]:
    """Bring what the registry holds, as `equipoise pull` does."""
    return lambda: fill(registry.name, registry, datetime.now(UTC))


def make_gate(name: str, state: GateState = "passed", **told: Any) -> Gate:
    """A gate with words of no matter."""
    plain: dict[str, Any] = {"value": 0.05, "mark": "at most 0.1", "sentence": f"{name} so.", "asked": at_most(0.1)}
    return Gate(name=name, state=state, **(plain | told))


@pytest.fixture
def gate() -> Callable[..., Gate]:
    """Makes gates."""
    return make_gate


@pytest.fixture
def every_state() -> tuple[Gate, ...]:
    """A gate in each state."""
    waiver = Waiver(gate="equipoise", by="W. Aiver", why="few such patients")
    return (
        make_gate("balance", "failed", value=0.2, lower=0.15, upper=0.3),
        make_gate("equipoise", "waived", value=0.15, asked=at_least(0.2), waiver=waiver),
        make_gate("policy_value", "unearned", value=-0.1, lower=-0.2, upper=0.1, asked=at_least(0)),
        make_gate("negative_controls", "not_assessed", value=None, asked=None),
        make_gate("leakage", "passed", value=0.02),
    )


def make_group(column: str, level: str, shift: float = 0.0) -> GroupFairness:
    """A group of patients; its figures are told from another's by ``shift``."""
    gaps = tuple(
        ArmGap(arm=arm, gap=Judged(estimate=size + shift, standard_error=0.11, p=0.42))
        for arm, size in (("icbt", 0.03), ("cbt", -0.07))
    )
    return GroupFairness(
        column=column, level=level, patients=340, share=0.34, population=0.51, gaps=gaps, coverage=0.87 + shift,
        coverage_p=0.93, unsupported=0.04, no_arm=0.02, started=0.77 + shift,
        gain=Judged(estimate=1.13 + shift, standard_error=0.5, p=0.0004),
    )  # fmt: skip


def make_card(groups: Sequence[GroupFairness] = (), small: Sequence[str] = (), **outcome: Any) -> ModelCard:
    """A card of the tiny policy with averages of two arms."""
    attributes = tuple(
        FilledAttribute(
            id=one.id, category=category.id, paragraph=one.paragraph, name=one.name, state="not_done",
            origin="study", text=("Nobody looked.",),
        )
        for category in load_source_attributes().categories
        for one in category.attributes
    )  # fmt: skip
    effects = tuple(
        CardEffect(
            arm=arm, estimate=size, lower=size - 1, upper=size + 1, simultaneous_lower=size - 1.5,
            simultaneous_upper=size + 1.5, rank_lower=1, rank_upper=2, in_top_set=True,
        )
        for arm, size in (("icbt", 1.23), ("cbt", 2.34))
    )  # fmt: skip
    told = {"column": "phq9_week12", "unit": "PHQ-9 points", "direction": "lower_is_better", "confidence": 0.9}
    primary = MeasuredOutcome(**{**told, "reference": "usual_care", "effects": effects, **outcome})
    return ModelCard(
        name="tiny", study_id="a" * 64, data_fingerprint="b" * 64, question="Which?", estimand="A difference.",
        standing=Standing(gates_passed=True, effects_computed=True, attacked=True, failed=(), waived=()),
        intended_use="A test.", intended_users="Testers.", intended_population="Nobody.", not_for=(), arms=(),
        attrition=(), covariates=(), outcomes_set_aside={}, representativeness=(), gates=(), limits=(), monitoring=(),
        performance=Performance(outcomes=(primary,), coverage=0.91), source_attributes=attributes,
        by_group=ByGroup(groups=tuple(groups), not_assessable=tuple(small)),
    )  # fmt: skip


QUANTILES = {"p5": None, "p25": 0.21, "p50": 0.32, "p75": 0.43, "p95": None}


def make_report(arms: Sequence[str] = ("usual_care", "cbt"), **protocol: Any) -> dict[str, Any]:
    """What a report says of a design and its protocol, of the parts that pages read."""
    overlap = {
        arm: {
            "support_mean": 0.83,
            "supported_share": "<0.016",
            "effective_episodes": 123.0,
            "propensity_by_arm_started": dict.fromkeys(arms, QUANTILES),
        }
        for arm in arms
    }
    pair = {"arms": [arms[0], arms[1]], "difference": 0.12, "column": "age", "equipoise": 0.66, "detectable": 0.9}
    return {
        "diagnostics": {"overlap": overlap, "pairs": [pair | {"comparable": True}]},
        "balance": [{"column": "age", "before": 0.45, "after": 0.08, "chance": 0.1, "allowed": 0.2}],
        "protocol": {"name": "tiny", "confidence": 0.9, "effect_modifiers": ["age"], **protocol},
    }


@pytest.fixture
def group() -> Callable[..., GroupFairness]:
    """Makes groups of patients."""
    return make_group


@pytest.fixture
def card() -> Callable[..., ModelCard]:
    """Makes model cards."""
    return make_card


@pytest.fixture
def report() -> Callable[..., dict[str, Any]]:
    """Makes what a report says."""
    return make_report
