"""What the order of arms withstands: causes that were not measured, and outcomes that were lost."""
