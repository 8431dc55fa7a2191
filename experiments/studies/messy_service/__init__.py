"""A simulated service for depression, seen through the records of twelve sites who keep them each in its way."""
