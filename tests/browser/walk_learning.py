"""The first half of a walk: what is learnt, and how it gets into the record (test_whole_way)."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Locator, expect

from tests.browser.campus import TITLES, Cast, Somebody, add_content, open_activity
from tests.browser.conftest import Visitor
from tests.browser.modules import answer, read_to_the_quiz, turn_page
from tests.browser.walk import (
    EXCUSED,
    PROJECT,
    UNIT,
    Walk,
    at_learner,
    at_unit,
    entry_of,
    hours_line,
    hours_of,
    record_of,
    staff,
    unit_of,
    wrote,
)

PDF: Final = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
TRAINER, MENTOR, ASSESSOR = "Dace Ozoliņa", "Andrejs Kalniņš", "Ivana Petrova"
RATER = "Jānis Bērziņš"


def teachers_add_what_is_learnt(walk: Walk, cast: Cast) -> None:
    institutions = [one.title.in_(walk.language) for one in walk.data.institutions]
    cast.words.known += [*TITLES, *institutions, "Ilze Bērziņa", walk.name]
    if walk.programme != "CECO":  # the demo has these in its first course
        add_content(cast, cast.campus.first, walk.course, walk.programme, UNIT, ["module/M01", "module/M02"])
    picks = ["module/M01", "module/M03", f"progress/{UNIT}"]
    add_content(cast, cast.campus.second, walk.course, walk.programme, UNIT, picks)


def modules_are_begun_in_both_lmss(walk: Walk, cast: Cast) -> None:
    """M01 is passed in the first LMS; M03 is begun in the second, in a tab that stays open."""
    for account, lms in (("first", cast.campus.first), ("second", cast.campus.second)):
        walk.visitors[account] = cast.visitor(lms, walk.login)
    first, second = walk.visitors["first"], walk.visitors["second"]
    walk.people["first"] = open_activity(first, cast.words, walk.course, "module/M01")
    pass_module(walk, cast, walk.people["first"], "M01")
    walk.people["reading"] = reading = open_activity(second, cast.words, walk.course, "module/M03")
    assert reading.frame is not None
    turn_page(reading.frame)
    tab = Visitor(second.demo, cast.watched(second.page.context.new_page()), cast.problems, walk.login)
    walk.people["second"] = open_activity(tab, cast.words, walk.course, f"unit/{UNIT}")
    # Nobody knows yet that the two are one person.
    expect(outcome_at(walk, "second")).to_contain_text(cast.words("No evidence yet."))


def pass_module(walk: Walk, cast: Cast, one: Somebody, code: str) -> None:
    """Reads what is left of a module, and passes its quiz."""
    frame = one.frame
    assert frame is not None
    one.in_front()
    read_to_the_quiz(frame)
    one.look()
    answer(frame, code, walk.language)
    one.press("Check my answers")
    expect(frame.locator("#result .alert.is-good")).to_be_visible()
    one.follow(frame.locator(f'a[href*="/module/{code}/finish"]').first)
    one.sees(cast.words("You have finished this module"))


def outcome_at(walk: Walk, account: str = "first", code: str = UNIT) -> Locator:
    """The first outcome of a unit in the record, unfolded, with its evidence."""
    found = unit_of(walk, code, account)[f"#{walk.unit(code).outcomes[0].id}"]
    found.locator("summary").first.click()
    return found


def the_learner_is_at_an_institution(walk: Walk, cast: Cast) -> None:
    """The administrator says so of all from the first LMS: roles for the institution reach them from now on."""
    cast.campus.command("programme", "place", walk.programme, "--at", walk.institution, "--lms", "1")


def accounts_are_joined(walk: Walk, cast: Cast) -> None:
    """The first account shows a code, the second types it, the first says yes."""
    here, there = record_of(walk, "first"), record_of(walk, "second")
    here.link("My accounts")
    here.press("Show a code")
    code = here[".reference code"].inner_text()
    there.link("My accounts")
    there["[name=code]"].fill(code)
    there.press("Go on")
    there.press("Yes, this is me")
    there.sees(cast.words("Now confirm it in the other account"))
    record_of(walk).link("My accounts")
    here.press("Yes, this is me")
    expect(here["section[aria-labelledby=mine] > ul > li"]).to_have_count(2)
    for account in ("first", "second"):
        expect(outcome_at(walk, account).locator(".evidence")).to_contain_text("M01")


def prior_learning_is_claimed(walk: Walk, cast: Cast) -> None:
    """A certificate for seven modules, one of which the learner will pass all the same."""
    one = record_of(walk)
    one.link("What I learnt before")
    one["[name=title]"].fill(wrote(cast, "ECDL Advanced"))
    one["[name=issuer]"].fill(wrote(cast, "Rīgas Tehniskā koledža"))
    one["[name=day]"].fill("2021-05-01")
    one["[name=hours]"].fill("21")
    name = wrote(cast, "Certificate 2021.pdf")
    one["[name=certificate]"].set_input_files({"name": name, "mimeType": "application/pdf", "buffer": PDF})
    one.main.locator("details", has_text=walk.title(UNIT)).locator("summary").click()
    for code in EXCUSED:
        one[f'[name=module][value="{code}"]'].check()
    one.press("Send this claim")
    one.sees(cast.words("Your claim waits for a decision."), name)


def self_study_is_declared(walk: Walk, cast: Cast) -> None:
    one = unit_of(walk, UNIT)
    form = one.unfold("Declare self-study")
    form.locator("[name=module]").select_option("M01")
    form.locator("[name=study_hours]").fill("1")
    form.locator("[name=what]").fill(wrote(cast, "Tried search strings at home"))
    one.press("Declare these hours")
    one.sees("Tried search strings at home")


def seminars_are_attended(walk: Walk, cast: Cast) -> None:
    """One by the code on the wall, typed under the second account; one by the trainer's list."""
    trainer, learner = staff(walk, cast, TRAINER, "trainer"), walk.people["second"]
    box = trainer.main.locator("label", has_text=walk.name).locator("input")
    for code, hours, title in ((UNIT, "2", "First meeting of the group"), (PROJECT, "4", "Ideas market")):
        trainer.link("Programmes")
        trainer.link("Seminars")
        trainer["[name=title]"].fill(wrote(cast, title))
        trainer["[name=unit]"].select_option(code)
        trainer["[name=hours]"].fill(hours)
        trainer.press("Add this seminar")
        if code == PROJECT:
            box.check()
            trainer.press("Save the list")
            expect(box).to_be_checked()
            continue
        trainer.press("Open and show the code")
        record_of(walk, "second").link("I am at a seminar")
        cast.expected.append("400 (BAD REQUEST)")
        learner["[name=code]"].fill("AAA-AAA")
        learner.press("I am here")
        learner.sees(cast.words("This is not the code, or it has changed meanwhile."), "ECVET-CODE")
        learner["[name=code]"].fill(trainer[".wall-code span"].first.inner_text())
        learner.press("I am here")
        learner.sees(title)
    for code, hours in ((UNIT, "2"), (PROJECT, "4")):
        assert hours_of(walk, unit_of(walk, code), "face_to_face") == float(hours)


def log_hours(walk: Walk, code: str, hours: str, tasks: str) -> None:
    """The learner enters hours of their own."""
    one = unit_of(walk, code)
    one["[name=hours]"].fill(hours)
    one["[name=tasks]"].fill(tasks)
    one.press("Save these hours")
    one.sees(tasks)


def work_is_logged_and_confirmed(walk: Walk, cast: Cast) -> None:
    """Project and work: the learner writes; the mentor confirms one from the list, corrects one and returns one."""
    log_hours(walk, PROJECT, "8", wrote(cast, "Interviewed twelve readers"))
    log_hours(walk, walk.work, "6", wrote(cast, "Ran the reading club"))
    log_hours(walk, walk.work, "9", wrote(cast, "Moved the local history shelf"))
    mentor = staff(walk, cast, MENTOR, "mentor")
    mentor.link("To do")
    card = mentor[".to-do > li"].filter(has_text="Interviewed twelve readers")
    mentor.follow(card.locator("form button"))
    mentor.sees(cast.words("Undo"))
    at_unit(walk, mentor, walk.work)
    entry = entry_of(mentor, "Moved the local history shelf")
    mentor.unfold("Correct or return", entry)
    entry.locator("[name=hours]").fill("3")
    mentor.press("Confirm as corrected", entry)
    entry = entry_of(mentor, "Ran the reading club")
    mentor.unfold("Correct or return", entry)
    entry.locator("[name=comment]").fill(wrote(cast, "Which day was it?"))
    mentor.press("Return to the learner", entry)
    one = unit_of(walk, walk.work)
    one.sees("Which day was it?")
    one.press("Take back", entry_of(one, "Ran the reading club"))
    assert hours_of(walk, one, "work_based") == 3
    assert hours_of(walk, unit_of(walk, PROJECT), "project_based") == 8


def project_work_is_rated(walk: Walk, cast: Cast) -> None:
    """The learner hands in a file and a link; the assessor rates them by the rubric, which confirms the hours."""
    rubric = walk.unit(PROJECT).rubric
    assert rubric is not None
    one = unit_of(walk, PROJECT)
    one.link("Hand in project work")
    one["[name=title]"].fill(wrote(cast, "A map of local memories"))
    one["[name=description]"].fill(wrote(cast, "Readers put their photographs on a map"))
    one["[name=file]"].set_input_files({"name": wrote(cast, "Map.pdf"), "mimeType": "application/pdf", "buffer": PDF})
    one["[name=links]"].fill("https://example.org/map")
    one["#hand-in ~ form [name=hours]"].fill("5")
    one.press("Hand in")
    one.sees(cast.words("Your work waits for an assessor."))
    assessor = at_unit(walk, staff(walk, cast, ASSESSOR, "assessor"), PROJECT)
    assessor.link("Rate project work")
    assessor.sees("Map.pdf", "https://example.org/map")
    for criterion in rubric.criteria:
        assessor[f'[name="level-{criterion.id}"][value="{rubric.levels[-1].id}"]'].check()
    assessor["#reason"].fill(wrote(cast, "Asked readers first"))
    assessor.press("Save this rating")
    one = unit_of(walk, PROJECT)
    one.sees("Asked readers first", ASSESSOR)
    expect(one[".page-head .badge"]).to_have_text(cast.words.state("demonstrated"))
    assert hours_of(walk, one, "project_based") == 13


def somebody_without_account_rates(walk: Walk, cast: Cast) -> None:
    """A colleague gets a link from the mentor: looking at it uses nothing up, sending does."""
    mentor = at_unit(walk, staff(walk, cast, MENTOR, "mentor"), walk.work)
    mentor.link("Ask somebody without an account")
    mentor["[name=task]"].fill(wrote(cast, "Ran a workshop on safe passwords"))
    mentor[f'[name=outcome][value="{walk.unit(walk.work).outcomes[0].id}"]'].check()
    mentor["[name=name]"].fill(wrote(cast, RATER))
    mentor["[name=language]"].select_option(walk.language)
    mentor.press("Make the link")
    link = mentor["code.address"].first.inner_text()
    for _scanner in range(2):
        cast.guest().go(link)
    rater = cast.guest()
    rater.go(link)
    rater.sees(walk.name, MENTOR, "Ran a workshop on safe passwords", walk.outcomes(walk.work)[0])
    rater["[name=rating][value=alone]"].check()
    rater["[name=comment]"].fill(wrote(cast, "Calm and clear"))
    rater.press("Send this rating")
    cast.expected.append("410 (GONE)")
    rater.go(link)
    rater.sees(cast.words("This link was used already: the rating has arrived. Thank you."))
    outcome = outcome_at(walk, code=walk.work)
    for text in (RATER, "Calm and clear", cast.words("Does it alone"), cast.words("by link, without an account")):
        expect(outcome).to_contain_text(text)


def prior_learning_is_accepted(walk: Walk, cast: Cast) -> None:
    """The assessor reads the certificate, and says why it counts."""
    assessor = at_learner(walk, staff(walk, cast, ASSESSOR, "assessor"))
    assessor.link("Prior learning of %(name)s", name=walk.name)
    with assessor.page.expect_download() as got:
        assessor[".section a[download]"].click()
    assert got.value.path().read_bytes() == PDF
    assessor["[name=result][value=accepted]"].check()
    assessor["[name=reason]"].fill(wrote(cast, "Same topics, same depth"))
    assessor.press("Record this decision")
    one = record_of(walk)
    one.link("What I learnt before")
    one.sees(ASSESSOR, "Same topics, same depth", cast.words("Accepted"))


def modules_are_finished(walk: Walk, cast: Cast) -> None:
    """M02, which is excused, and M03, which was open all the while: the time in it is measured. It counts beside what
    was learnt before and what the learner declared, and nothing counts twice."""
    first = walk.visitors["first"]
    walk.people["first"] = open_activity(first, cast.words, walk.course, "module/M02")
    pass_module(walk, cast, walk.people["first"], "M02")
    pass_module(walk, cast, walk.people["reading"], "M03")
    one = unit_of(walk, UNIT)
    online = hours_of(walk, one, "online_and_self_study")
    planned = walk.unit(UNIT).hours["online_and_self_study"]
    excused = sum(module.hours for module in walk.data.modules if module.id in EXCUSED)
    assert excused + 1 < online < planned
    note = hours_line(walk, one, "online_and_self_study")
    expect(note).to_contain_text(cast.words("%(hours)s of it learnt before", hours=cast.words.hours(int(excused))))
    expect(note).to_contain_text(cast.words("%(hours)s of it declared by the learner", hours=cast.words.hours(1)))
