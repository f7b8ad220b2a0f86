"""Rules of evidence from other systems: the examples of docs/programme-format.md, run as they stand there."""

from __future__ import annotations

import re
import textwrap
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_tool.ecvet.judge import Judgement, judge
from lti_tool.ecvet.live import months_later
from lti_tool.ecvet.offline import trusted
from lti_tool.ecvet.programme import Programme, ProgrammeInvalid, read
from tests.ecvet.builders import BASE, LEARNER, NOW, START, authority, voiding
from tests.ecvet.small import BASE as SMALL_BASE
from tests.ecvet.small import SMALL, texts

DOCS = (Path(__file__).parents[2] / "docs" / "programme-format.md").read_text(encoding="utf-8")
MOODLE = "https://moodle.example.org"
QUIZ, COURSE = f"{MOODLE}/mod/quiz/view.php?id=12", f"{MOODLE}/course/view.php?id=3"
ADL = "http://adlnet.gov/expapi/verbs/"
RULES = ("moodle-quiz", "moodle-pages", "h5p", "cmi5", "mixed")
few = settings(deadline=None, max_examples=80)


def examples() -> str:
    """The rules of the guide, indented as a part of `rules:`."""
    found = re.search(r"### Examples: evidence from other systems.*?```yaml\n(.*?)```", DOCS, re.S)
    assert found is not None
    return textwrap.indent(found[1], "  ")


@cache
def programme(extra: str = "") -> Programme:
    """A unit with one outcome for each example; the outcome is named like its rule."""
    outcomes = "".join(
        f"  - {{id: {rule}, kind: skill, text: {{en: Do it, lv: Dari}}, rule: {{use: {rule}}}}}\n"
        for rule in (*RULES, *re.findall(r"^  ([\w-]+):$", extra, re.M))
    )
    small = SMALL.replace("modules:\n- id: M1", outcomes + "modules:\n- id: M1")
    return read("small.yaml", texts(small, SMALL_BASE + examples() + extra))


def statement(verb: str, activity: str, by: str, *, minute: float = 0, **parts: Any) -> dict[str, Any]:
    """A statement as another system sends it; the store has added the authority of its credential."""
    score = parts.get("scaled")
    result: dict[str, Any] = (
        {} if score is None else {"score": {"scaled": score, "raw": score * 10, "max": 10, "min": 0}}
    )
    result |= {key: parts[key] for key in ("success", "completion", "duration") if key in parts}
    grouping = [{"id": one} for one in parts.get("grouping", ())]
    kind = {"definition": {"type": parts["type"]}} if "type" in parts else {}
    return {
        "id": parts.get("id", f"{by} {verb} {activity} {minute} {sorted(parts.items())}"),
        "actor": LEARNER,
        "verb": {"id": verb},
        "object": {"objectType": "Activity", "id": activity, **kind},
        "timestamp": (START + timedelta(minutes=minute)).isoformat(),
        "authority": authority(by),
        **({"result": result} if result else {}),
        "context": {"platform": "Moodle", "contextActivities": {"grouping": grouping}},
    }


def quiz(scaled: float = 0.8, by: str = "credential:moodle", minute: float = 0, **parts: Any) -> dict[str, Any]:
    """As logstore_xapi writes the end of an attempt: the site and the course as grouping."""
    more = {"grouping": (MOODLE, COURSE), "success": True, "completion": True, "duration": "PT310S", **parts}
    return statement(ADL + "completed", QUIZ, by, minute=minute, scaled=scaled, **more)


def page(number: int, by: str = "credential:moodle", minute: float = 0, course: str = COURSE) -> dict[str, Any]:
    return statement(
        "http://id.tincanapi.com/verb/viewed",
        f"{MOODLE}/mod/page/view.php?id={number}",
        by,
        minute=minute,
        grouping=(MOODLE, course),
    )


def h5p(success: bool = True, by: str = "credential:h5p", kind: str = "cmi.interaction") -> dict[str, Any]:
    """As H5P answers: no `completed`, the page with a sub-content as activity."""
    return statement(
        ADL + "answered",
        "https://www.example.org/h5p/sources?subContentId=7f1f5f0e",
        by,
        scaled=float(success),
        success=success,
        completion=True,
        type=f"http://adlnet.gov/expapi/activities/{kind}",
    )


def au(duration: str = "PT45M", by: str = "credential:cmi5", minute: float = 0) -> dict[str, Any]:
    """As an assignable unit of cmi5 passes."""
    one = statement(
        ADL + "passed", "https://courses.example.org/au/archives", by, minute=minute, scaled=0.9, success=True,
        duration=duration,
    )  # fmt: skip
    one["context"]["contextActivities"]["category"] = [{"id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}]
    return one


def own(scaled: float = 1.0) -> dict[str, Any]:
    """A module of this tool."""
    return statement(ADL + "passed", "tag:example.org,2026:module/M1", "lti-tool", scaled=scaled)


def judged(*given: dict[str, Any], at: Any = NOW, of: Programme | None = None) -> Judgement:
    found = of or programme()
    return judge(found, given, (), at, trusted(found, BASE))


def shown(*given: dict[str, Any], at: Any = NOW, of: Programme | None = None) -> set[str]:
    """The outcomes, and so the rules, that these statements meet."""
    return {one.id for one in judged(*given, at=at, of=of).units[0].outcomes if one.state == "demonstrated"}


@pytest.mark.parametrize(
    ("given", "met"),
    [
        ([quiz()], {"moodle-quiz"}),
        ([quiz(0.59)], set()),
        ([quiz(grouping=(MOODLE,))], set()),
        ([page(1), page(2, minute=1)], {"moodle-pages"}),
        ([page(1)], set()),
        ([page(1), page(2, minute=1, course=f"{MOODLE}/course/view.php?id=4")], set()),
        ([h5p()], {"h5p"}),
        ([h5p(False)], set()),
        ([h5p(kind="assessment")], set()),
        ([au()], {"cmi5"}),
        ([au("PT20M")], set()),
        ([au("PT20M"), au("PT20M", minute=5)], {"cmi5"}),
        ([quiz(0.6), h5p(), own(0.9)], {"moodle-quiz", "h5p", "mixed", "O1"}),
        ([quiz(1.0), quiz(0.0, minute=2), h5p(), own(1.0)], {"moodle-quiz", "h5p", "mixed", "O1"}),
        ([quiz(0.6), h5p(), own(0.8)], {"moodle-quiz", "h5p", "O1"}),
        ([quiz(1.0), h5p()], {"moodle-quiz", "h5p"}),
        ([quiz(1.0), own(1.0)], {"moodle-quiz", "O1"}),
    ],
)
def test_evidence_of_other_systems_counts_by_the_rules_of_the_guide(given: list[dict[str, Any]], met: set[str]) -> None:
    assert shown(*given) == met


FOREIGN = ("page", "by-link", "credential:other", "lti-tool-decisions", "lti-tool", "")


@pytest.mark.parametrize("by", FOREIGN)
def test_only_the_credential_that_the_rule_names_counts(by: str) -> None:
    forged = [quiz(by=by), page(1, by=by), page(2, by=by, minute=1), h5p(by=by), au(by=by)]
    assert shown(*forged) == set()


@pytest.mark.parametrize("make", [quiz, h5p, au])
def test_one_credential_does_not_speak_for_another(make: Any) -> None:
    names = {"credential:moodle", "credential:h5p", "credential:cmi5"} - {make()["authority"]["account"]["name"]}
    assert shown(*(make(by=name) for name in names)) == set()


def test_a_credential_of_the_right_name_in_another_house_is_another() -> None:
    forged = {**quiz(), "authority": authority("credential:moodle", "https://evil.example")}
    assert shown(forged) == set()


def test_a_foreign_credential_neither_voids_nor_hides() -> None:
    real = quiz(id="same")
    assert shown(real, voiding(real, by="credential:h5p")) == {"moodle-quiz"}
    assert shown({**quiz(0.1, by="credential:other"), "id": "same"}, real) == {"moodle-quiz"}
    assert shown(real, voiding(real, by="credential:moodle")) == set()


def test_what_ran_out_is_told_and_may_be_shown_again() -> None:
    given = [page(1), page(2, minute=1)]
    last = months_later(START, 24)
    assert shown(*given, at=last - timedelta(seconds=1)) == {"moodle-pages"}
    later = last + timedelta(days=1)
    assert shown(*given, at=later) == set()
    outcome = next(one for one in judged(*given, at=later).units[0].outcomes if one.id == "moodle-pages")
    assert [(one.code, one.params["since"][:10]) for one in outcome.why] == [("run_out", "2028-03-02")]
    again = [page(3, minute=60 * 24 * 700), page(4, minute=60 * 24 * 701)]
    assert shown(*given, *again, at=later) == {"moodle-pages"}


def test_a_mean_below_says_how_far() -> None:
    outcome = next(one for one in judged(quiz(0.6), h5p(), own(0.6)).units[0].outcomes if one.id == "mixed")
    assert [(one.code, dict(one.params)) for one in outcome.why] == [("mean_below", {"scaled": 0.6, "needed": 0.7})]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("weighted_mean: {least: 2, of: [{module: M1}]}", "PROGRAMME"),
        ("weighted_mean: {of: [{module: M1}]}", "PROGRAMME"),
        ("weighted_mean: {least: 0.5, of: []}", "PROGRAMME"),
        ("weighted_mean: {least: 0.5, of: [{weight: 0, module: M1}]}", "PROGRAMME-RULE"),
        ("weighted_mean: {least: 0.5, of: [{weight: 1}]}", "PROGRAMME-RULE"),
        ("weighted_mean: {least: 0.5, of: [{module: M1, statement: {verb: passed}}]}", "PROGRAMME-RULE"),
        ("weighted_mean: {least: 0.5, of: [{module: M9}]}", "PROGRAMME-REFERENCE"),
        ("statement: {verb: passed, activity: 'x:y', valid_months: 0}", "PROGRAMME"),
        ("statement: {verb: passed, activity: 'x:y', valid_months: 1.5}", "PROGRAMME"),
    ],
)
def test_what_is_no_rule_is_told(rule: str, code: str) -> None:
    with pytest.raises(ProgrammeInvalid) as told:
        programme(f"  faulty:\n    {rule}\n")
    assert any(one.code.startswith(code) for one in told.value.problems)


# Properties, over few statements that meet, nearly meet and contradict these rules.

some = st.lists(
    st.one_of(
        st.builds(quiz, st.sampled_from([0.0, 0.5, 0.6, 1.0]), minute=st.sampled_from([0, 1, 2])),
        st.builds(quiz, st.just(1.0), st.sampled_from(FOREIGN)),
        st.builds(page, st.sampled_from([1, 2]), minute=st.sampled_from([0, 1])),
        st.builds(h5p, st.booleans()),
        st.builds(au, st.sampled_from(["PT20M", "PT45M"]), minute=st.sampled_from([0, 5])),
        st.builds(own, st.sampled_from([0.0, 0.5, 1.0])),
    ),
    max_size=8,
)


@few
@given(st.data(), some)
def test_order_and_repeats_make_no_difference(data: st.DataObject, given_: list[dict[str, Any]]) -> None:
    mixed = data.draw(st.permutations([*given_, *given_[:3]]))
    assert judged(*mixed) == judged(*given_)


@few
@given(some, some)
def test_more_evidence_takes_nothing_away(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    assert shown(*one) | shown(*other) <= shown(*one, *other)


@few
@given(some, st.integers(0, 7))
def test_what_is_voided_was_never_there(given_: list[dict[str, Any]], index: int) -> None:
    if given_:
        gone = given_[index % len(given_)]
        rest = [one for one in given_ if one["id"] != gone["id"]]
        assert shown(voiding(gone), *given_) == shown(*rest)


@few
@given(some, st.integers(0, 900), st.integers(0, 900))
def test_time_takes_away_only_what_runs_out(given_: list[dict[str, Any]], first: int, second: int) -> None:
    early, late = sorted((first, second))
    before, after = (shown(*given_, at=NOW + timedelta(days=days)) for days in (early, late))
    assert before - after <= {"moodle-pages"}
    assert after <= before
