"""Plain data, errors and protocols that every other room of the house speaks in."""
