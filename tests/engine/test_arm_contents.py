"""What an arm holds, by its therapy and by its name."""

from __future__ import annotations

import pytest

from data_contracts.rule_file import load_rules
from data_contracts.therapy import therapy_for
from engine.arm_contents import Membership, contents_of, membership, named_in

RULES = load_rules()
NO, UNTOLD, POSSIBLE, CERTAIN = Membership


def held(name: str, key: str | None = None):
    therapy = therapy_for(name, {})
    return contents_of((name, key or (therapy.key if therapy else None)), RULES)


@pytest.mark.parametrize(
    ("arm", "group", "expected"),
    [
        ("ssri", "antidepressant", CERTAIN), ("Sertraline", "antidepressant", CERTAIN), ("cbt", "antidepressant", NO),
        ("cbt_ssri", "antidepressant", CERTAIN), ("COMB", "ssri_or_snri", POSSIBLE),
        ("cbt_ssri", "ssri_or_snri", CERTAIN),
        ("cbt_ssri", "tricyclic", NO), ("combined", "tricyclic", POSSIBLE), ("ssri", "citalopram", POSSIBLE),
        ("citalopram", "citalopram", CERTAIN), ("escitalopram", "citalopram", NO), ("sertraline", "citalopram", NO),
        ("citalopram 20 mg", "citalopram", CERTAIN), ("usual_care", "antidepressant", UNTOLD),
        ("lofepramine", "tricyclic", NO), ("diazepam", "benzodiazepine", CERTAIN),
        ("usual_care", "valproate", NO), ("St John's wort", "st_johns_wort", CERTAIN),
        ("augmentation_lithium", "citalopram", POSSIBLE), ("icbt", "medicine", NO),
        ("imipramine 25 mg", "tricyclic", CERTAIN), ("clomipramine", "tricyclic", CERTAIN),
        ("lofepramine", "antidepressant", CERTAIN), ("dosulepin", "tricyclic", CERTAIN),
        ("fluvoxamine", "ssri_or_snri", CERTAIN), ("lithium", "serotonergic", CERTAIN),
        ("antidepressant", "antidepressant", CERTAIN), ("cbt_plus_antidepressant", "antidepressant", CERTAIN),
        ("ipt_and_medication", "antidepressant", CERTAIN), ("cbt_without_medication", "antidepressant", NO),
        ("cbt_plus_usual_care", "antidepressant", UNTOLD), ("cbt_sertaline", "antidepressant", UNTOLD),
        ("cbt_12_sessions_group", "antidepressant", NO), ("cbt_plus_prozac", "fluoxetine", CERTAIN),
        ("Prozac", "fluoxetine", CERTAIN), ("sertralin", "ssri_or_snri", CERTAIN), ("sertralina", "citalopram", NO),
        ("sertraline50", "ssri_or_snri", CERTAIN), ("es-citalopram", "escitalopram", CERTAIN),
        ("es-citalopram", "citalopram", NO), ("phenelzine", "serotonergic", CERTAIN),
        ("depakote", "valproate", CERTAIN),
        ("temazepam", "benzodiazepine", CERTAIN), ("Valium", "benzodiazepine", CERTAIN),
        ("St John’s wort", "st_johns_wort", CERTAIN), ("desipramine", "tricyclic", CERTAIN),
        ("behavioural_activation_plus_ssri", "not_for_trauma", CERTAIN),
    ],
)  # fmt: skip
def test_membership(arm: str, group: str, expected: Membership) -> None:
    """A class holds its members possibly, an arm named as one drug is that drug and no other."""
    assert membership(held(arm), [RULES.groups[group]]) is expected


@pytest.mark.parametrize("drug", sorted(RULES.drug_of))
def test_of_an_arm_named_as_a_drug_everybody_knows_what_it_holds(drug: str) -> None:
    """A drug that the rules know by name is a medicine to them, and an antidepressant if it is one: never untold."""
    no_antidepressants = {
        *("lithium", "quetiapine", "aripiprazole", "valproate", "valproic", "hypericum", "st_johns_wort"),
        *RULES.groups["benzodiazepine"].drugs,
    }
    assert membership(held(drug), [RULES.groups["medicine"]]) is CERTAIN
    if RULES.drug_of[drug] not in no_antidepressants:
        assert membership(held(drug), [RULES.groups["antidepressant"]]) is CERTAIN


def test_a_mapping_never_takes_away_the_drug_that_a_name_tells() -> None:
    """An arm mapped to CBT whose name tells of an SSRI holds both."""
    assert membership(held("cbt_plus_fluoxetine", "CBT"), [RULES.groups["antidepressant"]]) is CERTAIN
    assert membership(held("cbt_plus_medication", "CBT"), [RULES.groups["antidepressant"]]) is CERTAIN


def test_the_protocols_mapping_tells_what_a_nameless_arm_holds() -> None:
    """An arm called arm_b that is mapped to an SSRI is one."""
    assert membership(held("arm_b", "SSRI"), [RULES.groups["antidepressant"]]) is CERTAIN


@pytest.mark.parametrize(
    ("arm", "names", "expected"),
    [
        ("sertraline", {"sertraline"}, CERTAIN), ("ssri", {"sertraline"}, POSSIBLE),
        ("citalopram", {"sertraline"}, NO), ("usual_care", {"sertraline"}, UNTOLD),
        ("ssri", {"ssri"}, CERTAIN), ("sertraline", {"ssri"}, CERTAIN), ("ssri", set(), NO), ("ssri", {"tca"}, NO),
        ("combined", {"sertraline"}, POSSIBLE), ("ssri", {"sertralinee"}, POSSIBLE),
        ("ssri", {"tca", "ssri"}, CERTAIN),
        ("citalopram", {"SSRIs (rash)"}, CERTAIN), ("tca", {"SSRIs (rash)"}, POSSIBLE),
        ("citalopram", {"sertraline, citalopram"}, CERTAIN), ("tca", {"sertraline, citalopram"}, NO),
        ("sertraline", {"Zoloft 50 mg"}, CERTAIN), ("sertraline", {"sertraline hydrochloride"}, CERTAIN),
        ("prozac", {"fluoxetine"}, CERTAIN), ("ssri", {"zoloft"}, POSSIBLE), ("citalopram", {"zoloft"}, NO),
    ],
)  # fmt: skip
def test_named(arm: str, names: set[str], expected: Membership) -> None:
    """A drug names its own arm; a class names all of its arms; a name that nobody knows may name any."""
    assert named_in(held(arm), names, RULES) is expected
