"""What was learnt before, and accepted as such, excuses modules and shows outcomes."""

from __future__ import annotations

import pytest

from lti_tool.ecvet.hours import HoursLine
from tests.ecvet.builders import ceco, judged, said, states

ONLINE = "online_and_self_study"


def test_a_waived_module_is_done_and_its_hours_are_marked_as_learnt_before() -> None:
    found = judged(ceco(), said("waived", "module/M06", hours=3))
    module = found.module("M06")
    assert module is not None
    assert module.state == "demonstrated"
    assert len(module.evidence) == 1
    assert found.hours[ONLINE] == HoursLine(160, 3, 0, 0, 3)


def test_a_waived_outcome_is_shown() -> None:
    assert states(judged(ceco(), said("waived", "outcome/BIB-U1-K1")))["BIB-U1-K1"] == "demonstrated"


def test_what_was_learnt_before_and_again_takes_no_more_than_was_planned() -> None:
    worked = [said("initialized", "module/M06", by="page"), said("terminated", "module/M06", by="page", minute=4)]
    line = judged(ceco(), said("waived", "module/M06", hours=99), *worked).hours[ONLINE]
    assert line.recorded == 3
    assert line.excused == round(3 - 4 / 60, 2)


def test_whoever_did_it_before_and_later_did_it_first_by_what_came_first() -> None:
    waived, passed = said("waived", "module/M06", minute=5), said("passed", "module/M06", minute=60)
    both, alone = judged(ceco(), waived, passed).module("M06"), judged(ceco(), passed).module("M06")
    assert both is not None and alone is not None
    assert both.since is not None and alone.since is not None
    assert both.since < alone.since
    assert set(both.evidence) == {waived["id"], passed["id"]}


@pytest.mark.parametrize("by", ["page", "by-link", "credential:x", "lti-tool-decisions", ""])
def test_nobody_else_waives_anything(by: str) -> None:
    forged = [said("waived", about, by=by) for about in ("module/M06", "outcome/BIB-U1-K1", "unit/BIB-U1")]
    found = judged(ceco(), *forged)
    assert "demonstrated" not in states(found).values()
    assert found.hours[ONLINE].recorded == 0
