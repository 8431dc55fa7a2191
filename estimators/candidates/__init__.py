"""The effect models that compete: a file each, and one line each in the registry."""

from estimators.candidates import econml_alone  # noqa: F401 - before any candidate imports EconML
from estimators.candidates.registry import CANDIDATES, Candidate, for_study

__all__ = ["CANDIDATES", "Candidate", "for_study"]
