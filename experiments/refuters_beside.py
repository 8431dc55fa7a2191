"""DoWhy's refuters beside ours; nothing of DoWhy is imported where they are not asked for or it is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from data_contracts.protocol import StudyProtocol
from data_contracts.refutation import Refutation
from estimators.refutation.material import Material

NOT_ASKED = "The protocol asks for none of DoWhy's refuters."
NOT_INSTALLED = "DoWhy is not installed, so that none of its refuters ran."


def beside(found: Refutation, material: Material, protocol: StudyProtocol) -> Refutation:
    """Ours with DoWhy's, or with why there are none."""
    if not protocol.refuters.dowhy or not material.pairs:
        return found.model_copy(update={"peer_note": NOT_ASKED})
    if find_spec("dowhy") is None:
        return found.model_copy(update={"peer_note": NOT_INSTALLED})
    from estimators.refutation.dowhy_refuters import NOT_RUN, dowhy_refuters, note  # DoWhy takes seconds to import

    peers, told = dowhy_refuters(material), note(material)
    return found.model_copy(update={"peers": peers, "not_run": NOT_RUN, "peer_note": told})
