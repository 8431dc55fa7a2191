"""FHIR R4: reads what a record system knows of one patient, and writes what was answered."""
