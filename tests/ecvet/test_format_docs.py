"""docs/programme-format.md tells the truth: every code, rule and key that there is, and none that there is not."""

from __future__ import annotations

import re
from pathlib import Path

from lti_tool.ecvet.acts import RESULTS
from lti_tool.ecvet.judge import STATES
from lti_tool.ecvet.reasons import REASONS
from lti_tool.ecvet.rules import KINDS
from lti_tool.ecvet.sections import SECTIONS
from lti_tool.ecvet.terms import MODES, STATUSES

DOCS = (Path(__file__).parents[2] / "docs" / "programme-format.md").read_text(encoding="utf-8")


def test_every_reason_is_documented_with_its_values() -> None:
    table = DOCS[DOCS.index("## Reasons") :]
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]*)\|", table, re.M)
    assert {code: tuple(re.findall(r"\w+", values)) for code, values in rows} == dict(REASONS)


def test_every_rule_is_documented() -> None:
    rules = DOCS[DOCS.index("## Rules of evidence") : DOCS.index("`statement` takes:")]
    assert set(re.findall(r"^\| `(\w+):", rules, re.M)) == set(KINDS)


def test_sections_modes_states_statuses_and_acts_are_named() -> None:
    # `not_started` and the like that need no word of explanation are in INTERFACE; those that acts bring are here.
    for word in (*SECTIONS, *MODES, *STATUSES, *RESULTS, *STATES[2:]):
        assert f"`{word}`" in DOCS, word
