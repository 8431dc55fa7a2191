"""A refuter for which a study has no material."""

from __future__ import annotations


class NotAssessable(Exception):
    """Says why; caught where refuters are run, and told in the report. Never an input error."""
