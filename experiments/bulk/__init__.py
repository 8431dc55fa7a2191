"""Fetches records from a FHIR server: Bulk Data Access (`$export`), as a client that a person registered there."""
