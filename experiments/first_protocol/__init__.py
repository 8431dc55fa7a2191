"""A first protocol for a table: what its columns seem to be by names and shapes, written down to be corrected."""
