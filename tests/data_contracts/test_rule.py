"""Safety rules: what the files say, and what may not be written into one."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from data_contracts.errors import BadInput
from data_contracts.fact import load_facts
from data_contracts.protocol_file import parse_document
from data_contracts.rule import Rule, RuleSet
from data_contracts.rule_file import load_rules, read_rules
from data_contracts.therapy import load_therapies

RULES = {rule.id: rule for rule in load_rules().rules}

# The rules of the safety case; TCA-02 and SER-02 are the unconditional halves of TCA-01 and SER-01.
IDS = [
    "AGE-01",
    "AGE-02",
    "ALLERGY-01",
    "BIP-01",
    "BLEED-01",
    "BUP-01",
    "BZD-01",
    "COG-01",
    "CONSENT-01",
    "DET-01",
    "DOSE-01",
    "ED-01",
    "HEP-01",
    "HTN-01",
    "HYPON-01",
    "MAOI-01",
    "PREG-01",
    "PREG-02",
    "PREG-03",
    "PSY-01",
    "PTSD-01",
    "QT-01",
    "QT-02",
    "QT-03",
    "SER-01",
    "SER-02",
    "SEV-01",
    "SI-01",
    "SI-02",
    "SI-03",
    "SUD-01",
    "TAM-01",
    "TCA-01",
    "TCA-02",
]

EXAMPLES = [{"given": {"age": 17}, "expect": "refuse"}, {"given": {"age": 18}, "expect": "nothing"}]
A_RULE: dict[str, Any] = {
    "id": "TEST-01",
    "version": 1,
    "any_of": [{"fact": "age", "op": "lt", "value": 18}],
    "effect": "refuse",
    "on_unknown": "assess_first",
    "sentence": "A sentence.",
    "ask": "A question?",
    "citation": "A source",
    "owner": "somebody",
    "review_by": "2027-05-31",
    "verified": False,
    "examples": EXAMPLES,
}


def trigger(**condition: Any) -> dict[str, Any]:
    return {"any_of": [condition]}


def together(*conditions: dict[str, Any]) -> dict[str, Any]:
    return {"any_of": [{"all_of": list(conditions)}]}


def test_the_rules_of_the_safety_case_are_there_and_no_others() -> None:
    """A rule that comes or goes has to be written down here as well."""
    assert sorted(RULES) == sorted(IDS)


def test_every_declared_fact_is_used_by_a_rule() -> None:
    """No fact is asked of a clinician for nothing, and no rule needs one that is not declared."""
    assert set(load_rules().facts) == set(load_facts())


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_what_was_recalled_is_not_called_verified(rule: Rule) -> None:
    """A citation that says it was recalled carries verified: false."""
    assert not (rule.verified and "recalled" in rule.citation)


def test_an_unknown_fact_always_has_a_consequence() -> None:
    """A rule that does nothing about an unknown fact has another that asks for it."""
    for rule in RULES.values():
        asks = rule.on_unknown != "nothing"
        assert asks or rule.always or RULES[rule.asked_by or ""].on_unknown != "nothing"


def test_the_groups_hold_every_medicine() -> None:
    """A medicine that joins the catalogue has to be put into the groups, or no rule would see it."""
    medicines = {key for key, therapy in load_therapies().items() if therapy.kind in ("medication", "combined")}
    groups = load_rules().groups
    assert groups["medicine"].certain_keys == medicines
    assert groups["antidepressant"].certain_keys == medicines
    alone = groups["antidepressant_alone"]
    assert (alone.certain_keys, alone.possible_keys) == (medicines - {"AUG"}, {"AUG"})
    trauma = groups["not_for_trauma"]
    assert (trauma.certain_keys, trauma.possible_keys) == (set(load_therapies()) - {"EMDR", "CBT"}, {"CBT"})


def test_a_rule_is_overdue_from_the_day_after_its_review() -> None:
    """The day of the review itself is still in time, and soon is counted from today."""
    rules, last = load_rules(), max(rule.review_by for rule in RULES.values())
    assert rules.overdue(min(rule.review_by for rule in RULES.values())) == ()
    assert len(rules.overdue(last + timedelta(days=1))) == len(RULES)
    assert len(rules.due_within(60, last - timedelta(days=60))) == len(RULES)
    assert rules.due_within(60, last - timedelta(days=61)) == ()
    assert rules.due_within(60, last + timedelta(days=1)) == ()


CONTRADICTIONS: list[tuple[dict[str, Any], str]] = [
    ({"any_of": []}, "any_of"),
    ({"always": True}, "always"),
    (trigger(fact="weight", op="lt", value=18), "facts.yaml"),
    (trigger(fact="age", op="is_yes"), "kind number"),
    (trigger(fact="age", op="lt"), "a value"),
    (trigger(fact="cssrs_q4", op="ge", value=1), "kind answer"),
    (trigger(fact="cssrs_q4", op="is_yes", value=1), "none otherwise"),
    (trigger(fact="age", op="lt", value=0), "no value of age"),
    (trigger(fact="phq9_item9", op="ge", value=4), "no value of phq9_item9"),
    (trigger(fact="phq9_item9", op="eq", value=1.5), "no value of phq9_item9"),
    (trigger(fact="age", op="ge", value=0), "always: true"),
    (together({"fact": "age", "op": "lt", "value": 18}, {"fact": "age", "op": "ge", "value": 18}), "no value of age"),
    (together({"fact": "maoi", "op": "is_yes"}, {"fact": "maoi", "op": "is_no"}), "no value of maoi"),
    ({"ask": None}, "ask says"),
    ({"on_unknown": "hold"}, "goes with code: CONSENT"),
    ({"effect": "flag", "code": "CONSENT"}, "goes with effect: refuse"),
    ({"code": "CONFLICT"}, "code"),
    ({"needs_records": True}, "needs_records goes with"),
    ({"effect": "flag", "arms": ["medicine"], "needs_records": True}, "an answer is yes"),
    ({"on_unknown": "nothing", "ask": None}, "asked_by"),
    ({"on_unknown": "absent"}, "on_unknown"),
    ({"effect": "promote"}, "effect"),
    ({"effect": "remove"}, "arms"),
    ({"arms": ["medicine"]}, "no arms"),
    ({"examples": EXAMPLES[:1] * 2}, "does not"),
    ({"examples": [*EXAMPLES, {"given": {"weight": 1}, "expect": "nothing"}]}, "weight"),
    (
        {"examples": [*EXAMPLES, {"given": {"age": "old"}, "expect": "nothing"}]},
        "a rule, examples.2.given: .* see age",
    ),
    ({"examples": [*EXAMPLES, {"given": {"phq9_item9": 4}, "expect": "nothing"}]}, "see phq9_item9"),
    ({"citation": ""}, "citation"),
    ({"review_by": "soon"}, "review_by"),
    ({"sentense": "a misspelt key"}, "Did you mean sentence"),
]


@pytest.mark.parametrize(("change", "told"), CONTRADICTIONS, ids=str)
def test_a_rule_that_contradicts_itself_is_not_read(change: dict[str, Any], told: str) -> None:
    """A trigger that never or always fires, a key that is not one, an effect without arms: each is told."""
    Rule.model_validate(A_RULE)
    with pytest.raises(BadInput, match=told):
        parse_document(Rule, A_RULE | change, where="a rule")


def test_a_trigger_on_a_narrow_stretch_can_occur() -> None:
    """Between two thresholds, however close, lies a value."""
    narrow = together({"fact": "age", "op": "gt", "value": 18}, {"fact": "age", "op": "lt", "value": 18.001})
    assert Rule.model_validate(A_RULE | narrow).facts == ("age",)


def folder_of(place: Path, rules: list[dict[str, Any]], **changes: Any) -> Path:
    listed = {"version": 1, "files": ["rules.yaml"], "drugs": [], "groups": {"all": {"certain": ["ssri"]}}} | changes
    (place / "set.yaml").write_text(yaml.safe_dump(listed), encoding="utf-8")
    (place / "rules.yaml").write_text(yaml.safe_dump({"rules": rules}), encoding="utf-8")
    return place


SILENT = {"on_unknown": "nothing", "ask": None}
OPTIONAL = {"any_of": [{"fact": "age", "op": "lt", "value": 18, "if_given": True}]}
FLAGS = {"effect": "flag", "on_unknown": "check", "ask": None}


@pytest.mark.parametrize(
    ("rule", "asking"),
    [
        (SILENT | {"asked_by": "TEST-01"}, None),
        (SILENT | {"asked_by": "ASK-01"}, SILENT | {"asked_by": "TEST-01"}),
        (SILENT | {"asked_by": "ASK-01"}, OPTIONAL),
        (SILENT | {"asked_by": "ASK-01"}, FLAGS | {"arms": ["all"]}),
        (SILENT | FLAGS | SILENT | {"arms": ["all"], "asked_by": "ASK-01"}, FLAGS | {"arms": ["few"]}),
    ],
    ids=["itself", "each other", "of what is given alone", "of some arms alone", "of other arms"],
)
def test_what_is_asked_by_another_rule_is_really_asked(tmp_path: Path, rule: Any, asking: Any) -> None:
    """Rules that leave the question to each other, or to one that never asks it, would take unknown for absent."""

    def made(changes: dict[str, Any]) -> dict[str, Any]:
        fires = {"expect": "flag", "arm": "ssri"} if changes.get("effect") == "flag" else {}
        return A_RULE | changes | {"examples": [EXAMPLES[0] | fires, *EXAMPLES[1:]]}

    rules = [made(rule), *([made(asking) | {"id": "ASK-01"}] if asking else [])]
    groups = {"all": {"certain": ["ssri"]}, "few": {"certain": ["snri"]}}
    with pytest.raises(BadInput, match="rule TEST-01, asked_by"):
        read_rules(folder_of(tmp_path, rules, groups=groups))


def test_all_problems_of_a_folder_are_told_with_file_rule_and_key(tmp_path: Path) -> None:
    """An unknown key, an impossible trigger, an unknown group and an id that stands twice come in one message."""
    rules = [
        A_RULE | {"id": "ONE-01", "colour": "red"},
        A_RULE | {"id": "TWO-01", **trigger(fact="age", op="lt", value=-1)},
        A_RULE | {"id": "SIX-01", "effect": "flag", "arms": ["nothing"]},
        A_RULE,
        A_RULE,
        A_RULE | {"id": "ASK-01", "on_unknown": "nothing", "ask": None, "asked_by": "NOT-01"},
    ]
    with pytest.raises(BadInput) as caught:
        read_rules(folder_of(tmp_path, rules))
    where = [problem.where for problem in caught.value.problems]
    assert where == [
        "rules.yaml, rule ONE-01, colour",
        "rules.yaml, rule TWO-01, any_of.0",
        "rules.yaml, rule SIX-01, arms",
        "rules.yaml, rule TEST-01, id",
        "rules.yaml, rule TEST-01, id",
        "rules.yaml, rule ASK-01, asked_by",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"files": ["nowhere.yaml"]},
        {"groups": {"all": {"certain": ["aspirin"]}}},
        {"groups": {"all": {"certain": ["ssri"], "but": ["ssri"]}}},
        {"groups": {"all": {}}},
        {"colour": "red"},
    ],
    ids=str,
)
def test_a_folder_that_is_not_sound_is_not_read(tmp_path: Path, changes: dict[str, Any]) -> None:
    """A file that is not there, a tag outside the catalogue, a group of nobody, an unknown key of the set."""
    with pytest.raises(BadInput, match=next(iter(changes.get("groups", {})), "yaml")):
        read_rules(folder_of(tmp_path, [A_RULE], **changes))


def test_a_key_given_twice_is_an_error(tmp_path: Path) -> None:
    """YAML would keep the last one, and a rule would silently lose its trigger."""
    folder = folder_of(tmp_path, [A_RULE])
    content = (folder / "rules.yaml").read_text(encoding="utf-8")
    (folder / "rules.yaml").write_text(content + "  effect: refuse\n", encoding="utf-8")
    with pytest.raises(BadInput, match="twice"):
        read_rules(folder)


def test_rules_are_read_once_and_cannot_be_changed() -> None:
    """Serving reads the same frozen object every time."""
    assert load_rules() is load_rules()
    with pytest.raises(ValidationError):
        setattr(RULES["SI-01"], "always", True)  # noqa: B010


def test_rule_sets_are_told_apart() -> None:
    """The cheap hash may agree, equality does not: what was compiled for one set never serves another."""
    rules = load_rules()
    other = rules.model_copy(update={"rules": tuple(reversed(rules.rules))})
    assert hash(other) == hash(rules)
    assert other != rules
    assert date(2027, 5, 31) == RuleSet.model_validate(other.model_dump()).rules[0].review_by
