"""What is known here of the lab's models: every registered version, as `equipoise pull` brought it, verified."""
