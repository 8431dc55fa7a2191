"""What the service keeps, and how: tables, keys, sealed fields, transactions, backup and retention."""
