"""Learning: from checked episodes to effects, with everything needed to judge them."""
