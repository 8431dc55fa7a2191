"""Which codes say yes to which safety fact."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from data_contracts.concept import load_terminology
from data_contracts.errors import BadInput
from data_contracts.fact import load_facts
from data_contracts.fact_codes import FactBook, answer_words, load_fact_codes
from data_contracts.protocol_file import parse_document
from data_contracts.therapy import load_therapies

BOOK = load_fact_codes()


def test_each_fact_has_codes() -> None:
    """Every fact of the file stands there once, has at least one code, and is answered by yes or no."""
    names = [one.fact for one in BOOK.facts]
    assert len(names) == len(set(names))
    assert all(list(one.all_codes()) for one in BOOK.facts)
    assert {load_facts()[name].kind for name in names} == {"answer"}


def test_each_drug_that_is_named_has_codes() -> None:
    """A drug that a fact names is one of the therapies': a misspelt name would silently stand for nothing."""
    for one in BOOK.facts:
        displays = {code.display for code in one.all_codes()}
        assert set(one.drugs) <= displays


def test_bipolar_disorder_is_seen_by_each_of_its_codes() -> None:
    """The codes of the concept are those of the fact: none was lost on the way."""
    (bipolar,) = [one for one in BOOK.facts if one.fact == "bipolar_disorder"]
    assert {"F31", "F34.0", "13746004"} <= {code.code for code in bipolar.all_codes()}


def test_yes_and_no() -> None:
    """LOINC's yes and no mean what they say."""
    assert answer_words() == {"LA33-6": "yes", "LA32-8": "no"}


@pytest.mark.parametrize(
    "change", [{"fact": "shoe_size"}, {"concepts": ["nonsense"]}, {"tags": ["nonsense"]}, {"found_in": "tea leaves"}]
)
def test_what_means_nothing_is_refused(change: dict[str, Any]) -> None:
    """A fact, condition or tag that does not exist is an error of the file and not a code that nobody asks for."""
    content = BOOK.model_dump(mode="json")
    content["facts"][0] |= change
    with pytest.raises(BadInput):
        parse_document(FactBook, content, where="a test")


def test_how_many_codes_are_recalled() -> None:
    """The page on terminology tells how many codes nobody has found in a source, and of which terminologies."""
    codes = [*BOOK.no_intolerance, *(code for fact in BOOK.facts for code in fact.codes)]
    codes += [code for concept in load_terminology().concepts for code in concept.codes]
    codes += [code for therapy in load_therapies().values() for code in therapy.codes]
    recalled = Counter(code.system for code in codes if not code.verified)
    page = (Path(__file__).parents[2] / "docs/terminology.md").read_text(encoding="utf-8")
    assert f"Of {len(codes)} codes" in page
    assert recalled == {"RxNorm": 3, "SNOMED CT": 2, "OMOP": 1}
    assert "six are (three of RxNorm, two of SNOMED CT, one of OMOP)" in " ".join(page.split())
