"""Refutation: what a study's estimator says where the truth is known to be nothing."""
