"""The policy that the service answers by: verified, promoted and loaded, with the rules that come before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from data_contracts.errors import Refused
from data_contracts.manifest import PROMOTION
from data_contracts.rule import RuleSet
from data_contracts.rule_file import load_rules
from engine.policy import Policy
from engine.policy_files import load_policy
from service.needs import Needs, needs_of
from service.policy_source import find_policy, verified
from service.verification import VerifiedPolicy, check_serving


@dataclass(frozen=True)
class ServedPolicy:
    """Everything that an answer comes from.

    Attributes:
        policy: what the engine computes with.
        rules: what is judged before any model.
        source: the verified artifact that the policy was loaded from.
    """

    policy: Policy
    rules: RuleSet
    source: VerifiedPolicy

    @cached_property
    def needs(self) -> Needs:
        """What the policy and the rules read of a patient."""
        return needs_of(self.policy.manifest, self.rules)

    @property
    def documents(self) -> Mapping[str, bytes]:
        """The artifact's readable files and its promotion record, by name: what an answer's basis is told from."""
        held = {name: content for name, content in self.source.files.items() if name.endswith(".json")}
        promotion = self.source.promotion_content
        return held if promotion is None else held | {PROMOTION: promotion}


def load_verified(reference: str) -> ServedPolicy:
    """Find, verify and load the policy that DIR or NAME@champion names; no promotion is needed.

    Raises:
        BadUsage, NotFound: there is no such policy.
        Refused: it does not verify; nothing of it was opened.
    """
    source = verified(find_policy(reference))
    return ServedPolicy(load_policy(source.files), load_rules(), source)


def load_served(reference: str) -> ServedPolicy:
    """As `load_verified`, and the policy may be served: its gates passed and a person promoted it.

    Raises:
        BadUsage, NotFound, Refused: as there; Refused also if a gate failed or nobody promoted it.
    """
    source = verified(find_policy(reference))
    check_serving(source)
    return ServedPolicy(load_policy(source.files), load_rules(), source)


def check_reference(reference: str | None, variable: str) -> str:
    """The policy to serve, if one was named.

    Raises:
        Refused: none was.
    """
    if reference is None:
        raise Refused(f"No policy to serve. Give --policy DIR or NAME@champion, or set {variable}.")
    return reference
