"""CDS Hooks 2.0.1, ready for 3.0: the recommendation as cards inside the record system."""
