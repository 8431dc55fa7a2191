"""The door for clinicians and integrators: verifies policies, answers in batch and over HTTP, keeps the answers."""
