"""Who may see the pages of administrators."""

from __future__ import annotations

from lti_tool.people.views import Visitor, visitor


def administrator() -> Visitor:
    """The visitor, who is an administrator of this tool; raises PEOPLE-ROLE (403) or LTI-SESSION-OVER (401).

    A grant for one institution or programme is not enough: LMSs and clients belong to all.
    """
    found = visitor()
    found.must("administer")
    return found
