"""The second half of a walk: what people decide, and what the learner has of it (test_whole_way)."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from functools import partial

from playwright.sync_api import expect
from pypdf import PdfReader

from tests.browser.campus import Cast, Somebody, open_activity, until
from tests.browser.conftest import Visitor
from tests.browser.walk import (
    UNIT,
    Walk,
    at_learner,
    at_unit,
    history_of,
    hours_of,
    record_of,
    staff,
    unit_of,
    wrote,
)
from tests.browser.walk_learning import ASSESSOR, TRAINER

COORDINATOR, SECOND, RECOGNISER = "Māra Liepiņa", "Juris Bērziņš", "Ελένη Παππά"
WHY = {
    "some": "Shown in the seminar and in the quizzes",
    "last": "Talked it through on the phone",
    "validate": "All evidence was looked at",
    "recognise": "As agreed between our institutions",
}


def decide(cast: Cast, one: Somebody, act: str, why: str, outcomes: list[str] | None = None) -> None:
    """Fills in the form of a decision, and sends it."""
    one[f'[name=act][value="{act}"]'].check()
    if outcomes is not None:
        for box in one["[name=outcome]"].all():
            box.set_checked(box.get_attribute("value") in outcomes)
    one["#reason"].fill(wrote(cast, why))
    one.press("Record this decision")
    one.sees(cast.words("Saved"))


def the_unit_is_assessed(walk: Walk, cast: Cast) -> None:
    """By the assessor, but for one outcome; the coordinator assesses that. Hours of assessment are entered."""
    outcomes = [one.id for one in walk.unit(UNIT).outcomes]
    assessor = staff(walk, cast, ASSESSOR, "assessor")
    assessor.link("To do")
    assessor.follow(assessor[".to-do > li"].filter(has_text=walk.title(UNIT)).get_by_role("link").last)
    assessor.sees(cast.words.state("demonstrated"))
    assessor.unfold("Enter hours")
    assessor["#enter-hours [name=hours]"].fill("2")
    assessor["#enter-hours [name=tasks]"].fill(wrote(cast, "Portfolio and a talk"))
    assessor.press("Enter these hours")
    assert hours_of(walk, assessor, "assessment") == 2
    expect(assessor['[name=act][value="validate:granted"]']).to_have_count(0)
    decide(cast, assessor, "assess:achieved", WHY["some"], outcomes[:-1])
    coordinator = at_unit(walk, staff(walk, cast, COORDINATOR, "coordinator"), UNIT)
    expect(coordinator['[name=act][value="validate:granted"]']).to_have_count(0)
    decide(cast, coordinator, "assess:achieved", WHY["last"], outcomes[-1:])


def the_unit_is_validated_by_a_second_person(walk: Walk, cast: Cast) -> None:
    """The coordinator, who assessed, does not validate, and reads why; a colleague does."""
    coordinator = at_unit(walk, staff(walk, cast, COORDINATOR, "coordinator"), UNIT)
    two = "You assessed this unit, so somebody else validates it: this programme asks for two persons."
    coordinator.sees(cast.words(two))
    expect(coordinator['[name=act][value="validate:granted"]']).to_have_count(0)
    second = staff(walk, cast, SECOND, "coordinator")
    second.link("To do")
    second.follow(second[".to-do > li"].filter(has_text=walk.title(UNIT)).get_by_role("link").last)
    decide(cast, second, "validate:granted", WHY["validate"])


def the_unit_is_recognised(walk: Walk, cast: Cast) -> None:
    recogniser = at_unit(walk, staff(walk, cast, RECOGNISER, "coordinator", everywhere=True), UNIT)
    decide(cast, recogniser, "recognise:granted", WHY["recognise"])


def the_record_tells_all(walk: Walk, cast: Cast) -> None:
    """Who decided what, when and why, under either account."""
    words = cast.words
    year = str(datetime.now(UTC).year)
    done = (
        (ASSESSOR, "Assessed: achieved", WHY["some"]),
        (COORDINATOR, "Assessed: achieved", WHY["last"]),
        (SECOND, "Validated", WHY["validate"]),
        (RECOGNISER, "Recognised", WHY["recognise"]),
    )
    for account in ("first", "second"):
        one = unit_of(walk, UNIT, account)
        expect(one[".page-head .badge"]).to_have_text(words.state("recognised"))
        for who, what, why in done:
            expect(history_of(one, who, words(what), why, year, walk.institution_title)).to_have_count(1)
        line = words(
            "%(done)s of %(all)s units validated, %(points)s of %(planned)s points", done=1, all=8, points=1, planned=16
        )
        record_of(walk, account).sees(line)
        for mode, hours in (("face_to_face", 6), ("project_based", 13), ("assessment", 2), ("work_based", 3)):
            assert hours_of(walk, one, mode) == hours
        assert hours_of(walk, one, "online_and_self_study") > 22
    trainer = at_unit(walk, staff(walk, cast, TRAINER, "trainer"), UNIT)
    expect(trainer["[name=act]"]).to_have_count(0)


def a_transcript_is_issued_and_checked(walk: Walk, cast: Cast) -> None:
    words = cast.words
    second = at_learner(walk, staff(walk, cast, SECOND, "coordinator"))
    second.link("Papers")
    second["[name=thing]"].select_option("transcript:")
    second["[name=institution]"].select_option(walk.institution)
    second.press("Issue this paper")
    one = record_of(walk, "second")
    one.link("Papers")
    with one.page.expect_download() as got:
        one["article .row a.button"].first.click()
    shown = close(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(got.value.path().read_bytes())).pages))
    number = one["a[href*='/check/']"].first.inner_text()
    for text in (
        walk.name, walk.data.title.in_(walk.language), walk.title(UNIT), *walk.outcomes(UNIT), number,
        words("Personal transcript"), words("Recognised"), ASSESSOR, SECOND, RECOGNISER,
    ):  # fmt: skip
        assert stands_in(close(text), shown), text
    guest = cast.guest()
    guest.go(f"{cast.campus.first.tool}/check")
    guest["[name=number]"].fill(number)
    guest.follow(guest["form button"].first)
    guest.sees(words("This paper is valid."), number)
    guest.sees_not(walk.name)


def close(text: str) -> str:
    """Without white space: where a line is broken, a reader of PDFs may set a space or none."""
    return re.sub(r"\s", "", text)


def grades_are_in_both_gradebooks(walk: Walk, cast: Cast) -> None:
    """What was learnt in one LMS stands in the other too, where it has an activity for it."""
    first, second = walk.visitors["first"], walk.visitors["second"]
    open_activity(second, cast.words, walk.course, "module/M01")
    wanted = ((first, "module/M01"), (first, "module/M02"), (second, "module/M01"), (second, "module/M03"))
    for visitor, content in (*wanted, (second, f"unit/{UNIT}")):
        until(partial(is_full, walk, visitor, content), f"{content} at {visitor.demo.practice}")


def stands_in(text: str, shown: str) -> bool:
    """Whether a paper says this: at once, or up to the end of a page and from the top of the next one on."""
    return any(text[:cut] in shown and text[cut:] in shown for cut in range(len(text)))


def is_full(walk: Walk, visitor: Visitor, content: str) -> bool:
    """Whether an LMS holds the best grade for the learner, on this activity of their course."""
    state = visitor.demo.state()
    links = [
        a["resource_link_id"]
        for a in state["activities"]
        if a["course_id"] == str(walk.course) and a["custom"].get("content") == content
    ]
    columns = [item for item in state["line_items"] if item["resource_link_id"] in links]
    assert len(columns) == 1
    return any(one["login"] == walk.login and one["score"] == 100 for one in columns[0]["grades"])
