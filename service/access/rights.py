"""What each address asks of who calls it: one row an address, and an address without a row answers nobody.

The policy, in prose:

* A **clinician** asks for, reads, reviews, releases and decides on recommendations for the patients whom they treat:
  the record system has said so, or their own token is about that patient (SMART's launch context). What is signed asks
  for a licence besides. In an emergency they **break the glass** for any patient of their organisation: for an hour
  they count as treating that patient, and an auditor or administrator other than themselves reviews it.
* An **integrator** is a record system. It asks for and reads recommendations for its organisation's patients, calls
  the CDS services, writes down what patients said of consent, and says who treats whom. It signs nothing.
* An **auditor** reads who did what with their organisation's recommendations, and reviews broken glass.
* An **administrator** says who treats whom, destroys the key of who asks for erasure, takes a model
  out of service or back, ends sessions of their organisation's people, and reviews broken glass. No answer is theirs
  to read.
* An **analyst** asks for studies, and so does the lab's worker; no patient's answer is theirs to read.
* The lab's models, their gates, reports and promotions, are read by analysts and administrators.
* A patient belongs to one **organisation**. What belongs to another does not exist for the caller: 404 and not 403, so
  that nobody learns of it.
* Roles add up. **Local** mode asks nobody who they are and listens to its own machine alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from data_contracts.errors import NotPermitted
from service.access.principal import Principal, Role

About = Literal["nothing", "answer", "patient"]
"""Whom a call is about: nobody; the patient of the answer in the address; the patient named in the body."""

By = Literal["anybody", "person", "system"]
"""Who is asked for: nobody; one who is known by a session or a token; a record system, as CDS Hooks has it."""


@dataclass(frozen=True)
class Right:
    """What one address asks of its caller.

    Attributes:
        roles: any one of these.
        about: whom a call is about; for "patient" the route itself calls `service.admission.check_patient`.
        licensed: whether a licence is asked for.
        by: how the caller is known.
    """

    roles: frozenset[Role] = frozenset()
    about: About = "nothing"
    licensed: bool = False
    by: By = "person"


OPEN = Right(by="anybody")
KNOWN = Right(frozenset({"clinician", "analyst", "integrator", "auditor", "administrator"}))
READS = Right(frozenset({"clinician", "integrator"}), "answer")
SIGNS = Right(frozenset({"clinician"}), "answer", licensed=True)
SEES = Right(frozenset({"clinician"}), "answer")
STUDIES = Right(frozenset({"analyst"}))
MODELS = Right(frozenset({"analyst", "administrator"}))
REVIEWS = Right(frozenset({"auditor", "administrator"}))
CDS = Right(frozenset({"integrator"}), by="system")
SIGNING = ("acknowledge", "review", "decision", "release", "first-choice")
"""The forms of a patient's page that are signed."""

STUDY = "/v1/studies/{study}"
STUDY_ADDRESSES = (
    *("GET /v1/studies", "POST /v1/studies", "POST /v1/studies/claim", f"GET {STUDY}", f"DELETE {STUDY}"),
    *(f"GET {STUDY}/{part}" for part in ("events", "files/{kind}", "report")),
    *(f"POST {STUDY}/{part}" for part in ("end", "progress", "resume", "stop")),
    *(f"PUT {STUDY}/{part}" for part in ("report", "table")),
    *("GET /studies", "GET /studies/new", "POST /studies", "GET /studies/{study}"),
    *(f"GET /studies/{{study}}/{part}" for part in ("events", "report")),
    *(f"POST /studies/{{study}}/{part}" for part in ("remove", "resume", "stop")),
)
"""Studies that analysts ask for, and the lab's worker, which calls as one."""

OVERSIGHT_ADDRESSES = (
    *("GET /oversight", "GET /oversight/audit", "GET /oversight/consents", "GET /oversight/glass"),
    *("POST /oversight/consents", "POST /oversight/glass/{glass_id}", "POST /oversight/verification"),
)
"""The pages of auditors and administrators."""

VERSION = "GET /models/{model}/{version}"
MODEL_ADDRESSES = (
    *("GET /models", "GET /models/{model}", "GET /models/{model}/compare", VERSION),
    *(f"{VERSION}/{part}" for part in ("card", "fairness", "files/{name}", "overlap", "report")),
)
"""The lab's models: of the whole deployment, and nothing of a patient in them."""

ANSWER = "/v1/recommendations/{recommendation_id}"

RIGHTS: Mapping[str, Right] = {
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /.well-known/smart-configuration": OPEN,
    "GET /openapi.json": KNOWN,
    "GET /metrics": KNOWN,
    "GET /v1/models/{model}/card": KNOWN,
    "GET /v1/models/{model}/source-attributes": KNOWN,
    "POST /v1/recommendations": Right(frozenset({"clinician", "integrator"}), "patient"),
    f"GET {ANSWER}": READS,
    f"GET {ANSWER}/basis": READS,
    f"GET {ANSWER}/fhir": READS,
    f"GET {ANSWER}/sheet": READS,
    f"GET {ANSWER}/history": Right(frozenset({"clinician", "integrator", "auditor"}), "answer"),
    f"GET {ANSWER}/acknowledgement": SEES,
    f"GET {ANSWER}/harms": Right(frozenset({"clinician", "integrator", "auditor"}), "answer"),
    f"POST {ANSWER}/harms": READS,
    f"POST {ANSWER}/acknowledgement": SIGNS,
    f"POST {ANSWER}/review": SIGNS,
    f"POST {ANSWER}/release": SIGNS,
    f"POST {ANSWER}/decision": SIGNS,
    f"POST {ANSWER}/first-choice": SIGNS,
    "POST /v1/consents": Right(frozenset({"clinician", "integrator"}), "patient"),
    "POST /v1/erasures": Right(frozenset({"administrator"})),
    "POST /v1/models/{policy}/stop": Right(frozenset({"administrator"})),
    "POST /v1/models/{policy}/lift": Right(frozenset({"administrator"})),
    "GET /v1/models/{policy}/stop": KNOWN,
    "POST /v1/care": Right(frozenset({"integrator", "administrator"})),
    "POST /v1/break-glass": Right(frozenset({"clinician"})),  # about whom they do not treat: the route looks
    "GET /v1/break-glass": REVIEWS,
    "POST /v1/break-glass/{glass_id}/review": REVIEWS,
    "GET /": Right(frozenset({"clinician"})),  # lists whom the caller treats
    "POST /find": Right(frozenset({"clinician"}), "patient"),
    "GET /emergency": Right(frozenset({"clinician"})),
    "POST /emergency": Right(frozenset({"clinician"})),
    "GET /recommendations/{recommendation_id}": SEES,
    "GET /recommendations/{recommendation_id}/course": SEES,
    "GET /assets/{digest}/{name}": OPEN,  # scripts and styles
    **dict.fromkeys(("GET /launch", "GET /launch/callback"), OPEN),  # who comes is asked at the record system
    **dict.fromkeys(("GET /login", "GET /login/callback", "GET /logout", "POST /logout"), OPEN),
    "POST /login/back-channel-logout": OPEN,  # the provider, known by the token that it sends
    **{f"POST /recommendations/{{recommendation_id}}/{part}": SEES for part in ("again", "weigh")},
    **{f"POST /recommendations/{{recommendation_id}}/{part}": SIGNS for part in SIGNING},
    **dict.fromkeys(STUDY_ADDRESSES, STUDIES),
    **dict.fromkeys(OVERSIGHT_ADDRESSES, REVIEWS),
    "POST /oversight/switch": Right(frozenset({"administrator"})),
    **dict.fromkeys(("GET /oversight/sessions", "POST /oversight/sessions"), Right(frozenset({"administrator"}))),
    **dict.fromkeys(MODEL_ADDRESSES, MODELS),
    "GET /cds-services": CDS,
    "POST /cds-services/{service_id}": CDS,
    "POST /cds-services/{service_id}/feedback": CDS,
}
"""By method and address as the route is written."""


def right_of(address: str) -> Right:
    """What an address asks.

    Raises:
        NotPermitted: it has no row.
    """
    if address not in RIGHTS:
        raise NotPermitted("Nobody may call this address: it has no row in the table of rights.")
    return RIGHTS[address]


def check_role(who: Principal, right: Right) -> None:
    """Raise NotPermitted, naming all that is missing, if the caller is nobody who may call the address at all."""
    problems = []
    if not right.roles & who.roles:
        problems.append(f"It takes the role {' or '.join(sorted(right.roles))}; you are {_told(who)}.")
    if right.licensed and who.licence is None:
        problems.append("It takes a licence, and your token names none.")
    if problems:
        raise NotPermitted(f"{' '.join(problems)} Ask whoever gives out roles in your organisation.")


def needs_care(who: Principal, right: Right) -> bool:
    """Whether the caller may do this for patients whom they treat alone: all their roles in it are a clinician's."""
    return right.roles & who.roles == frozenset({"clinician"})


def _told(who: Principal) -> str:
    return ", ".join(sorted(who.roles)) or "nobody with a role here"
