"""The pages that people look at: rendered on the server, with nothing from elsewhere."""
