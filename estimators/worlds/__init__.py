"""Simulated worlds: records as a clinic would hold them, each with the truth beside it."""

from estimators.worlds.registry import WORLDS, simulate
from estimators.worlds.world import SimulatedWorld, World

__all__ = ["WORLDS", "SimulatedWorld", "World", "simulate"]
