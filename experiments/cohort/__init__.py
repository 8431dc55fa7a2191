"""From event tables to episodes: reading, checking, time zero, what was known then, and the outcome later."""
