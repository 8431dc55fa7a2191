"""Studies that analysts ask for and that a lab's worker does."""
