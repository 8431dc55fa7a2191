"""A study's report: the same facts as one page for people and one JSON file for programs."""
