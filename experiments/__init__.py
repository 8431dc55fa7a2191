"""The analyst's door: studies, training, gates, reports, tracking and promotion."""
