"""Who is asking and what they may do: all that the store knows of access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xapi.actors import actor_key
from xapi.errors import Forbidden
from xapi.vocabulary import VOIDED

SCOPES = frozenset(
    {
        "all",
        "all/read",
        "statements/write",
        "statements/read",
        "statements/read/mine",
        "state",
        "define",
        "profile",
    }
)
"""The scopes of xAPI 1.0.3, communication part, 4.2 "OAuth Authorization Scope"."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. Where actor, activity, registration or verbs are set, nothing else may be written or read.

    `authority` is put into each statement it writes. `name` is for logs.
    """

    authority: Mapping[str, Any]
    scopes: frozenset[str]
    actor: Mapping[str, Any] | None = None
    activity: str | None = None
    registration: str | None = None
    verbs: frozenset[str] | None = None
    name: str = ""

    @property
    def authority_key(self) -> str:
        return actor_key(self.authority)

    @property
    def reads_mine_only(self) -> bool:
        """Whether it may read only statements that it wrote itself."""
        return not self.scopes & {"all", "all/read", "statements/read"}

    @property
    def voids_any(self) -> bool:
        """Whether it may void what another authority wrote."""
        return "all" in self.scopes

    @property
    def defines(self) -> bool:
        """Whether its activity definitions become the store's own."""
        return bool(self.scopes & {"all", "define"})

    def demand(self, *scopes: str) -> None:
        """Raises Forbidden unless it has one of the scopes, or "all"."""
        if "all" not in self.scopes and not self.scopes.intersection(scopes):
            raise Forbidden(f"This needs one of the scopes: {', '.join(('all', *scopes))}.", rule="scope")

    def check_statement(self, statement: Mapping[str, Any], path: str = "$") -> None:
        """Raises Forbidden where a valid statement is outside of what this principal may write."""
        verb = statement["verb"]["id"]
        if self.verbs is not None and verb not in self.verbs:
            raise Forbidden("This token may not write that verb.", path=f"{path}.verb.id", rule="verbs")
        if self.actor is not None:
            if actor_key(statement["actor"]) != actor_key(self.actor):
                raise Forbidden("This token may write only of its own actor.", path=f"{path}.actor", rule="actor")
            if verb == VOIDED:
                raise Forbidden("This token may not void statements.", path=f"{path}.verb.id", rule="verbs")
        if self.activity is not None and not self._is_own_activity(statement):
            raise Forbidden("This token may write only of its own activity.", path=f"{path}.object", rule="activity")
        if self.registration is not None:
            given = statement.get("context", {}).get("registration", "")
            if given.lower() != self.registration.lower():
                raise Forbidden(
                    "This token may write only of its own registration.",
                    path=f"{path}.context.registration",
                    rule="registration",
                )

    def _is_own_activity(self, statement: Mapping[str, Any]) -> bool:
        thing = statement["object"]
        if thing.get("objectType", "Activity") != "Activity":
            return False
        if self.owns_activity(thing["id"]):
            return True
        around = statement.get("context", {}).get("contextActivities", {})
        for kind in ("parent", "grouping"):
            given = around.get(kind, ())
            # A single activity is valid in place of a list.
            if any(one["id"] == self.activity for one in ([given] if isinstance(given, dict) else given)):
                return True
        return False

    def owns_activity(self, activity: str) -> bool:
        """Whether an activity IRI is its own or a part of it (below "/" or "#"); true where it is not bound."""
        own = self.activity
        return own is None or activity == own or activity.startswith((f"{own}/", f"{own}#"))

    def check_agent(self, agent: Mapping[str, Any]) -> None:
        """Raises Forbidden where it is bound to another actor."""
        if self.actor is not None and actor_key(self.actor) != actor_key(agent):
            raise Forbidden("This token is bound to another actor.", rule="actor")

    def check_activity(self, activity: str) -> None:
        """Raises Forbidden where it is bound to another activity."""
        if not self.owns_activity(activity):
            raise Forbidden("This token is bound to another activity.", rule="activity")

    def check_registration(self, registration: str | None) -> None:
        """Raises Forbidden where it is bound to a registration and this is another, or none."""
        if self.registration is not None and (registration or "").lower() != self.registration.lower():
            raise Forbidden("This token is bound to another registration.", rule="registration")
