"""What is true of the product whatever the study: its use, its method and its limits, wherever they are told."""

from __future__ import annotations

INTENDED_USE = (
    "Supports a qualified clinician who chooses a therapy for depression or anxiety with an adult patient. The "
    "clinician can review the basis of every answer, does not rely on the ranking primarily, and decides."
)
METHOD = (
    "Each arm's benefit is a difference of mean doubly robust scores: outcome models and calibrated probabilities "
    "of each therapy, both cross-fitted, so that either may be wrong without biasing the average.",
    "An arm's effect varies with the patient only where held-out records earned it; otherwise the study's average is "
    "served, its interval widened for the differences that the data leave possible.",
    "Published randomised trials stand beside the records; where the study asks for it the averages served join both, "
    "and `trial_evidence` tells each apart.",
    "Ranks are simultaneous rank sets over all pairs of arms at the stated confidence; arms that the records cannot "
    "tell apart share the top set.",
    "Where weights were given, utilities rank the same arms a second time, beside the effects and without changing "
    "them; what is unknown is a range, and errors of several outcomes are added.",
    "Where an effect modifier is missing, intervals and ranks cover what filling it in from the records could give, "
    "in the stated share of the ways of doing so.",
    "Safety rules come before any model and no model can override them.",
)
LIMITS = (
    "Effects come from records of care, not from randomisation: a reason for choosing a therapy that was not recorded "
    "can bias them.",
    "The answer holds for patients like those of the records; outside of them the system abstains.",
    "An effect is an average over patients with these values, not a forecast for one person.",
)
NO_TRIAL = "No randomised trial of this system exists."
NOT_FOR = (
    "Patients in crisis, anyone under 18, or anyone without a clinician who decides.",
    "Settings whose patients differ from the study's, and therapies that such patients hardly ever got there.",
    "Reading an average effect as one patient's, or as a forecast for one person.",
    "Standing alone: safety rules come first, and what they need to know has to be asked.",
)
"""Tasks, situations and patients for which nobody should rely on it."""

USERS = "Qualified clinicians who choose a therapy together with an adult patient; analysts who judge the study."
ROLE = "Informs: a clinician reviews every answer, decides, and can override it. It replaces no clinical judgement."
OUTPUT = (
    "A recommendation: therapies ranked by expected benefit with their uncertainty and ties, or none with a reason."
)
