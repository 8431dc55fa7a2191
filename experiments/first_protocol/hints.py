"""Words in the names of columns that tell what they may be. What no word tells is left for a person to say."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PATIENT = _words("patient person subject participant client pseudonym case")
ARM = _words("arm therapy treatment intervention drug medication programme program modality")
START = _words("start started began begin index allocated randomised randomized assigned referral")
SITE = _words("site clinic hospital centre center practice service ward provider location team")
GROUPS = _words("sex gender ethnicity ethnic race language deprivation")
NOMINAL = _words("ethnicity ethnic race marital language religion region")
"""Categories without an order, also where they are written as numbers."""

MODIFIERS = _words("age prior previous episodes chronic history comorbid comorbidity employed")
"""What an effect is often thought to vary with."""

KNOWN = _words(
    "education educated employment income imd bmi insured insurance living married past earlier before baseline pre"
    " intake wait waiting waited smoker smoking smoked disability disabled born birth family housing children"
)
BEFORE = GROUPS | NOMINAL | MODIFIERS | KNOWN
"""What is mostly known before a therapy is chosen."""

AFTER = _words(
    "post end final followup follow discharge after completed completion attended attendance sessions session dropout"
    " dropped change response responder remission recovered recovery improvement improved outcome adherence relapse"
    " last exit side"
)
"""What mostly comes after it was chosen: to adjust for it would hide, or make up, effects."""

CARE_AS_USUAL = _words("usual control waiting wait waitlist placebo tau monitoring none no")
"""In the name of an arm: it may be what the others are compared with."""
