"""The memory that cannot be altered unseen: hash-chained records, signed roots, verification and replay."""
