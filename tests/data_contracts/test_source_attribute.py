"""The source attributes are those of the rule: 31 in nine categories, of which eleven may be unavailable."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest
from pydantic import ValidationError

from data_contracts.card_block import CardBlock, VariableName
from data_contracts.protocol import StudyProtocol
from data_contracts.source_attribute import load_source_attributes

FOUND = load_source_attributes()
PROTOCOL = {
    "name": "carded",
    "records": {"patient_id": "pid", "arm": "therapy"},
    "arms": {"reference": "usual", "offered": ["new"]},
    "outcome": {"column": "y", "direction": "higher_is_better", "unit": "points"},
    "effect_modifiers": ["age"],
}


def test_there_are_31_in_nine_categories() -> None:
    """4, 4, 2, 4, 2, 4, 5, 4 and 2 of them, none twice, in the order of the rule's paragraphs."""
    assert [len(category.attributes) for category in FOUND.categories] == [4, 4, 2, 4, 2, 4, 5, 4, 2]
    assert len(set(FOUND.ids)) == len(FOUND.ids) == 31
    letters = ("i", "ii", "iii", "iv", "v")
    wanted = [f"({i})({letter})" for i, category in enumerate(FOUND.categories, 1)
              for letter in letters[: len(category.attributes)]]  # fmt: skip
    assert [one.paragraph for category in FOUND.categories for one in category.attributes] == wanted


def test_eleven_may_be_said_to_be_unavailable() -> None:
    """(B)(6), (7)(iii) to (v), (8)(ii) and (iv), and (9), as 170.315(b)(11)(v)(A)(2) has them."""
    told = {one.paragraph for category in FOUND.categories for one in category.attributes if one.may_be_unavailable}
    external = {f"(6)({letter})" for letter in ("i", "ii", "iii", "iv")}
    assert told == external | {"(7)(iii)", "(7)(iv)", "(7)(v)", "(8)(ii)", "(8)(iv)", "(9)(i)", "(9)(ii)"}


def test_the_rule_names_nine_variables() -> None:
    """A protocol may name each of them for a column, and no column's name means two of them."""
    assert [variable.id for variable in FOUND.variables] == list(get_args(VariableName))
    assert max(Counter(name for variable in FOUND.variables for name in variable.columns).values()) == 1


def test_a_card_that_says_nothing_states_nothing() -> None:
    """Every statement is optional; none has a default that could pass for somebody's word."""
    assert not any(CardBlock().model_dump().values())


def test_variables_are_of_columns_that_the_study_reads() -> None:
    """A misspelt column is told with the protocol's other problems."""
    with pytest.raises(ValidationError, match="neither covariates nor groups: ages"):
        StudyProtocol.model_validate(PROTOCOL | {"card": {"variables": {"ages": "date_of_birth"}}})
    with pytest.raises(ValidationError, match="variables"):
        StudyProtocol.model_validate(PROTOCOL | {"card": {"variables": {"age": "shoe_size"}}})
