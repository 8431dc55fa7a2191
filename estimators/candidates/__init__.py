"""The effect models that compete: a file each, and one line each in the registry."""

from estimators.candidates.registry import CANDIDATES, Candidate, for_study

__all__ = ["CANDIDATES", "Candidate", "for_study"]
