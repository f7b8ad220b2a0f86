"""What a newcomer does in the demo, in a real browser: the six steps of the README."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DEMO, Demo, Visitor
from tests.browser.modules import answer, read_to_the_quiz, turn_to_english
from tests.looking import violations

pytestmark = DEMO

Visit = Callable[..., Visitor]


def grade_in_time(demo: Demo, learner: Visitor, content: str) -> float | None:
    """The learner's grade in the practice LMS, as soon as there is one."""
    for _try in range(40):
        if (found := demo.grade(learner.login, content)) is not None:
            return found
        learner.page.wait_for_timeout(500)
    return None


def test_the_tool_is_registered_by_the_administrator_of_an_lms(demo: Demo, visit: Visit) -> None:
    """Step 1. The demo did it already; here it is done once more by hand, as a second tool of the same LMS."""
    admin = visit("admin")
    before = len(demo.state()["registrations"])
    admin.page.goto(f"{demo.practice}/admin")
    admin.page.locator('form[action$="/admin/register"] input[name=url]').fill(f"{demo.tool}/lti/register")
    admin.page.locator('form[action$="/admin/register"] button').click()
    frame = admin.tool_frame("/lti/register")
    assert violations(frame) == []
    frame.get_by_role("button", name="Register").click()
    for _try in range(40):
        if len(demo.state()["registrations"]) > before:
            break
        admin.page.wait_for_timeout(500)
    assert len(demo.state()["registrations"]) == before + 1


def test_a_teacher_adds_a_whole_unit_and_sees_it_on_the_course_page(demo: Demo, visit: Visit) -> None:
    """Step 2."""
    teacher = visit("teacher")
    tool = demo.state()["registrations"][0]["id"]
    teacher.page.goto(f"{demo.practice}/courses/2/choose/{tool}")
    frame = teacher.tool_frame("/choose")
    assert violations(frame) == []
    frame.locator("summary", has_text="Digital Transformation Facilitator").click()
    frame.locator('button[name=show][value="DIGY/unit/BIB-U1"]').click()
    frame.locator('[name=pick][value="DIGY/unit/BIB-U1"]').check()
    # Whoever turns to another language finds the ticks as they were.
    for now, then, words in (("English", "Latviešu", "Pievienot"), ("Latviešu", "English", "Add 9 modules")):
        frame.locator("summary", has_text=now).click()
        frame.get_by_role("button", name=then).click()
        expect(frame.locator("[data-add]")).to_contain_text(words)
        expect(frame.locator('[type=checkbox][value="DIGY/module/M09"]')).to_be_checked()
    frame.get_by_role("button", name="Add 9 modules").click()
    for _try in range(40):
        added = [a for a in demo.state()["activities"] if str(a["course_id"]) == "2"]
        if len(added) == 9:
            break
        teacher.page.wait_for_timeout(500)
    assert [a["custom"]["content"] for a in added] == [f"module/M0{n}" for n in range(1, 10)]
    assert {a["custom"]["programme"] for a in added} == {"DIGY"}
    columns = {item["resource_link_id"] for item in demo.state()["line_items"]}
    assert {a["resource_link_id"] for a in added} <= columns


def test_a_learner_reads_leaves_and_comes_back_to_the_same_page(demo: Demo, visit: Visit) -> None:
    """Step 3, the first half."""
    learner = visit("elena")
    frame = learner.open("module/M02")
    frame.locator('a[rel="next"]').click()
    frame.wait_for_url("**/module/M02/2")
    frame.locator('a[rel="next"]').click()
    frame.wait_for_url("**/module/M02/3")
    expect(frame.locator("#saved")).to_have_attribute("data-state", "saved")
    other_device = visit("elena")
    assert other_device.open("module/M02").url.endswith("/module/M02/3")


def test_a_learner_finishes_a_module_and_the_grade_arrives(demo: Demo, visit: Visit) -> None:
    """Steps 3 to 5: pages, quiz, what was earned, the grade within seconds, the record."""
    learner = visit("anna")  # an Italian, whose name the LMS keeps to itself
    frame = learner.open("module/M01")
    turn_to_english(frame, "Italiano")
    read_to_the_quiz(frame)
    assert violations(frame) == []
    answer(frame, "M01")
    frame.get_by_role("button", name="Check").click()
    # The page of the unanswered quiz has that link too: the answers must have arrived first.
    expect(frame.get_by_role("button", name="Check")).to_have_count(0)
    frame.locator('a[href*="/module/M01/finish"]').first.click()
    frame.wait_for_url("**/module/M01/finish*")
    assert violations(frame) == []
    expect(frame.locator("main")).to_contain_text("Information, communication and digital citizenship")
    assert grade_in_time(demo, learner, "module/M01") == 100
    frame.get_by_role("link", name="My record").first.click()
    frame.wait_for_url("**/record*")
    assert violations(frame) == []
    main = frame.locator("main")
    expect(main).to_contain_text("0 of 8 units validated")
    expect(main).to_contain_text("of 16 points")
    for mode in ("Face to face", "Online", "Project", "Assessment", "Work-based"):
        expect(main).to_contain_text(mode)


def test_a_teacher_sees_the_course_with_modules_units_and_grades(demo: Demo, visit: Visit) -> None:
    """Step 6, after the learner above."""
    teacher = visit("teacher")
    frame = teacher.open("module/M01")
    frame.get_by_role("link", name="Course").click()
    frame.wait_for_url("**/course*")
    assert violations(frame) == []
    row = frame.locator("tbody tr").filter(has_text="Learner")  # Anna's LMS tells no name
    expect(row.first).to_contain_text("100")


@pytest.mark.parametrize(
    ("platform_storage", "code"), [(True, "M01"), (False, "M02")], ids=["platform storage", "no platform storage"]
)
def test_all_works_with_third_party_cookies_blocked(
    demo: Demo, visit: Visit, platform_storage: bool, code: str
) -> None:
    demo.switch(platform_storage=platform_storage)
    try:
        learner = visit("nikos", cookies=False)
        frame = learner.open(f"module/{code}")
        turn_to_english(frame, "Ελληνικά")
        read_to_the_quiz(frame)
        answer(frame, code)
        frame.get_by_role("button", name="Check").click()
        assert grade_in_time(demo, learner, f"module/{code}") == 100
    finally:
        demo.switch(platform_storage=True)


def test_two_courses_in_two_tabs_of_one_browser_do_not_mix(demo: Demo, visit: Visit) -> None:
    one = visit("karlis")
    first = one.open("module/M01")
    second = one.page.context.new_page()
    other = Visitor(demo, second, one.problems)
    frame = other.open("module/M02")
    # A module opens where its learner left it, which is where other tests did.
    for tab, code in ((first, "M01"), (frame, "M02")):
        tab.goto(f"{tab.url.split('/module/')[0]}/module/{code}/1")
    first.locator('a[rel="next"]').click()
    first.wait_for_url("**/module/M01/2")
    frame.locator('a[rel="next"]').click()
    frame.wait_for_url("**/module/M02/2")
    assert first.url.split("/module/")[0] != frame.url.split("/module/")[0]


def test_two_people_in_one_browser_do_not_mix(demo: Demo, visit: Visit) -> None:
    one = visit("karlis")
    frame = one.open("module/M02")
    other = Visitor(demo, one.page.context.new_page(), one.problems)
    other.sign_in("elena")
    theirs = other.open("module/M02")
    expect(theirs.locator(".who")).to_contain_text("Елена")
    frame.goto(frame.url)
    expect(frame.locator(".who")).to_contain_text("Kārlis")
