"""Computerised CBT against usual care, a real trial of 100 patients, nearly half of whom were lost by month 8."""
