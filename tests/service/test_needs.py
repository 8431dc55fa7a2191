"""What is wrong with a profile in the light of what is read of it."""

from __future__ import annotations

import pytest

from data_contracts.encoding import Feature
from data_contracts.errors import BadInput
from data_contracts.profile import PatientProfile
from service.needs import Needs, check_profile


def test_a_value_that_is_a_feature_and_a_fact_is_complained_of_once() -> None:
    """Two problems for one mistake would send the reader looking for a second one."""
    age = Feature(name="age", kind="numeric", lower=18.0, upper=90.0)
    needs = Needs(features=(age, age.model_copy(update={"name": "wait"})), facts=("age", "audit_c"), arms=())
    profile = PatientProfile(patient_id="P", values={"age": "forty", "wait": "long", "audit_c": "x"})
    with pytest.raises(BadInput) as raised:
        check_profile(profile, needs)
    assert sorted(problem.where for problem in raised.value.problems) == ["age", "audit_c", "values.wait"]
