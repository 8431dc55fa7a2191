"""All templates of a patient's sentences: short, without scores, for a talk with the clinician.

They are to be read at about the age of twelve; a test holds every one against a formula of readability.
"""

from __future__ import annotations

from collections.abc import Mapping

from data_contracts.recommendation import Reason

REFUSED = "There is no list for you today. Your safety comes first. Please talk with your clinician now."
SAID_NO = "You said no to this tool, so there is no list. Your care goes on without it."
FIRST_SAFETY = "First your clinician will talk with you about how safe you are. Then you can look at the list."
CONSENT = "We need your yes before we look at past records for you."
NO_LIST = "Past records cannot tell which of these helps you most. Your clinician can still plan with you."
TIED = "Past records cannot tell which of these works best for people like you: {names}. What you want counts most."
ALONE = "Of people like you, those who began with this did best in past records: {name}."
ONLY = "Past records can only speak of one of these for people like you: {name}."
UNKNOWN = "Some facts about you are not known. If you tell them, this list may change."
UNKNOWN_NO_LIST = "Some facts about you are not known. If you tell them, there may be a list."
GUIDE_SAME = "The national guide puts the same one first."
GUIDE_OTHER = "The national guide puts another one first: {name}. Ask your clinician why this list does not."
AVERAGE = "All of this is about people like you. No one can know how it will go for you."
NO_TRIAL = "This tool has not been put to a fair test yet. You and your clinician choose."

AGAINST: Mapping[Reason, str] = {
    Reason.EXCLUDED: "{name}: your clinician has a reason not to use it now. You can ask for it.",
    Reason.SAFETY: "{name}: it may not be safe for you right now.",
    Reason.CONSENT: "{name}: without your yes, we do not look at past records for it.",
    Reason.CONFLICT: "{name}: what we know from past records and from trials does not fit together.",
    Reason.NOT_COMPARABLE: "{name}: the people who had it were too different for us to compare.",
    Reason.SENSITIVITY: "{name}: we are not sure enough to say how well it works.",
    Reason.TOO_FEW_SIMILAR: "{name}: too few people like you have had it, so we cannot say how well it works.",
    Reason.NON_OVERLAP: "{name}: people like you hardly ever had it, so we cannot say how well it works.",
    Reason.MISSING_KEY: "{name}: we need to know more about you before we can say how well it works.",
    Reason.OUT_OF_POPULATION: "{name}: the records hold no one like you, so we cannot say how well it works.",
}
REFERENCE = "{name}: this is what we hold the rest up to."
NOT_BESIDE = "{name}: we cannot hold it up to {reference}, as people like you hardly ever had that."
BETTER = "{name}: people like you got better with it than with {reference}."
WORSE = "{name}: people like you got less out of it than out of {reference}."
UNSURE = "{name}: it may be better or worse for people like you than {reference}."
SIZE = " The gap is about {size:.0f} {unit}, but it could be as little as {low} or as much as {high}."
BOTH_WAYS = " It could be as much as {high} {unit} better, or as much as {low} worse."
