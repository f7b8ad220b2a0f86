"""Why something is as it is, as a code and values. The words come from lti_tool/ecvet/words.py.

REASONS lists every code with the names of its values; docs/programme-format.md explains each, and a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lti_tool.ecvet.frozen import Frozen

Value = str | int | float

# `module`, `unit`, `outcome`: ids. `mode`: a mode of hours. `hours`: hours. `at`, `since`, `until`: RFC 3339, UTC.
REASONS: Mapping[str, tuple[str, ...]] = {
    # what is left to learn or show
    "module_left": ("module",),
    "module_begun": ("module",),
    "quiz_left": ("module",),
    "quiz_failed": ("module",),
    "score_below": ("module", "scaled", "needed"),
    "entry_left": (),
    "project_left": ("unit",),
    "project_below": ("unit", "scaled", "needed"),
    "hours_left": ("mode", "hours"),
    "hours_wait": ("mode", "hours"),
    "result_below": ("activity", "scaled", "needed"),
    "mean_below": ("scaled", "needed"),
    "run_out": ("activity", "since"),
    "module_ran_out": ("module", "since"),
    "statement_left": ("activity",),
    "times_left": ("activity", "times"),
    "duration_left": ("activity", "hours"),
    "choose": ("count",),
    "no_evidence_rule": (),
    "not_trusted": ("about", "count"),
    # what was reached, and by whom
    "evidence_complete": ("since",),
    "evidence_lasts": ("until",),
    "evidence_ran_out": ("since",),
    "assessed_achieved": ("by", "institution", "at"),
    "assessed_not_yet": ("by", "institution", "at", "reason"),
    "assessed_in_part": ("count", "total"),
    "validated": ("by", "institution", "at"),
    "recognised": ("by", "institution", "at"),
    "refused": ("kind", "by", "institution", "at", "reason"),
    "four_eyes": ("kind", "by", "institution", "at"),
    "out_of_turn": ("kind", "by", "institution", "at"),
    # whose turn it is
    "waits_for_assessment": ("since",),
    "waits_for_validation": ("since",),
    "waits_for_recognition": ("since",),
}

Params = Frozen[Value]


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    params: Params


def reason(code: str, **values: Value) -> Reason:
    """A reason with the values its code asks for (those and no others, or ValueError)."""
    if set(values) != set(REASONS[code]):
        raise ValueError(f"{code} takes {REASONS[code]}, not {tuple(values)}")
    return Reason(code, Params(values))
