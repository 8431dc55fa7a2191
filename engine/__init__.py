"""Pure decisions: a profile, a policy and rules go in, a recommendation comes out."""
