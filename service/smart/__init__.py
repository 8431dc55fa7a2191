"""SMART App Launch: what the service says of itself as a resource server, and how record systems launch its pages."""
