"""Words in the names of columns, English or German, that tell what they may be; the rest a person has to say."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PATIENT = _words("patient person subject participant client pseudonym klient proband")
CASE = _words("case fall")
"""In the name of a column that tells patients where no other does; often it tells episodes."""

ARM = _words(
    "arm therapy treatment intervention drug medication programme program modality therapie therapieform behandlung"
    " behandlungsform medikament"
)
START = _words("start started began begin index allocated randomised randomized assigned beginn therapiebeginn")
EARLIER = _words("referral referred")
"""A day of which the start is told where none else is."""

SITE = _words("site clinic hospital centre center practice service ward provider location team standort klinik praxis")
GROUPS = _words("sex gender ethnicity ethnic race language deprivation geschlecht sprache")
NOMINAL = _words("ethnicity ethnic race marital language religion region familienstand")
"""Categories without an order, also where they are written as numbers."""

MODIFIERS = _words(
    "age prior previous episodes chronic history comorbid comorbidity employed alter vorbehandlung vorbehandlungen"
)
"""What an effect is often thought to vary with."""

KNOWN = _words(
    "education educated employment income imd bmi insured insurance living married past earlier before baseline pre"
    " intake wait waiting waited smoker smoking smoked disability disabled born birth family housing children"
    " start admission screening anfang aufnahme beginn wartezeit bildung beschäftigung einkommen kinder"
)
BEFORE = GROUPS | NOMINAL | MODIFIERS | KNOWN
"""What is mostly known before a therapy is chosen."""

AFTER = _words(
    "post end final followup follow discharge after completed completion attended attendance sessions session dropout"
    " dropped change response responder remission recovered recovery improvement improved outcome adherence relapse"
    " last exit side ende abschluss entlassung katamnese abbruch sitzung sitzungen"
)
"""What mostly comes after it was chosen: to adjust for it would hide, or make up, effects."""

CARE_AS_USUAL = _words("usual control waiting wait waitlist placebo tau monitoring none no")
"""In the name of an arm: it may be what the others are compared with."""
