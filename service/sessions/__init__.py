"""Sessions of browsers: the way to a provider of identities and back, and what is kept of who came back."""
