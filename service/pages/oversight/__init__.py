"""Pages for who answers for the service: auditors and administrators."""
