"""The model card: filled from a study's report, written for people, and rendered again from MLflow alone."""
