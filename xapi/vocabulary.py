"""Verbs, activity types and extensions that are registered elsewhere: names to IRIs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ADL = "http://adlnet.gov/expapi/verbs/"
_CMI5 = "https://w3id.org/xapi/adl/verbs/"

VERBS: Mapping[str, str] = MappingProxyType(
    {
        name: _ADL + name
        for name in (
            "answered",
            "asked",
            "attempted",
            "attended",
            "commented",
            "completed",
            "exited",
            "experienced",
            "failed",
            "imported",
            "initialized",
            "interacted",
            "launched",
            "mastered",
            "passed",
            "preferred",
            "progressed",
            "registered",
            "responded",
            "resumed",
            "scored",
            "shared",
            "suspended",
            "terminated",
            "voided",
        )
    }
    | {
        "abandoned": _CMI5 + "abandoned",
        "satisfied": _CMI5 + "satisfied",
        "waived": _CMI5 + "waived",
        "logged-in": _CMI5 + "logged-in",
        "logged-out": _CMI5 + "logged-out",
    }
)
"""ADL's vocabulary (https://w3id.org/xapi/adl) and the verbs that cmi5 added (https://w3id.org/xapi/cmi5)."""

VOIDED = VERBS["voided"]

_ADL_TYPE = "http://adlnet.gov/expapi/activities/"

ACTIVITY_TYPES: Mapping[str, str] = MappingProxyType(
    {
        name: _ADL_TYPE + name
        for name in (
            "assessment",
            "attempt",
            "cmi.interaction",
            "course",
            "file",
            "interaction",
            "lesson",
            "link",
            "media",
            "meeting",
            "module",
            "objective",
            "performance",
            "profile",
            "question",
            "simulation",
        )
    }
    | {
        "cmi5-block": "https://w3id.org/xapi/cmi5/activitytype/block",
        "cmi5-course": "https://w3id.org/xapi/cmi5/activitytype/course",
        "page": "http://activitystrea.ms/schema/1.0/page",
        "source": "http://id.tincanapi.com/activitytype/source",
    }
)

EXTENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "progress": "https://w3id.org/xapi/cmi5/result/extensions/progress",
        "reason": "https://w3id.org/xapi/cmi5/result/extensions/reason",
        "session-id": "https://w3id.org/xapi/cmi5/context/extensions/sessionid",
        "mastery-score": "https://w3id.org/xapi/cmi5/context/extensions/masteryscore",
        "launch-mode": "https://w3id.org/xapi/cmi5/context/extensions/launchmode",
        "ending-point": "http://id.tincanapi.com/extension/ending-point",
    }
)

CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        "cmi5": "https://w3id.org/xapi/cmi5/context/categories/cmi5",
        "move-on": "https://w3id.org/xapi/cmi5/context/categories/moveon",
    }
)

SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
"""The usage type of an attachment that signs its statement."""
