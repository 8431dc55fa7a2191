"""Does the studies that people ask a service for."""
