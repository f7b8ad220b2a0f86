"""What a learner and a teacher meet when they open a module."""

from __future__ import annotations

import json
import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from lxml import html as parser

from lti_tool.launch.session import Tokens
from lti_tool.play.shapes import GradeState, ModuleSummary
from tests.play.conftest import RIGHT, SECRET, WRONG, Place, Reader, a_unit, text_of

HIDDEN = ("SECRET", "secretword", "correct", "accept", "extra.1")


def test_the_first_visit_opens_the_first_page_and_says_where_one_is(here: Place) -> None:
    page = here.reader().follow("/module/M01")
    assert "<h1>Title 1</h1>" in page
    assert "Page 1 of 4" in page
    assert "Browsing, searching and filtering information" in page
    assert "Counts for the unit" in page
    assert "<h2>Heading 1</h2>" in page
    assert "Saved 09:30" in page


def test_pages_turn_by_links(here: Place) -> None:
    reader = here.reader()
    seen = []
    path = "/module/M01/1"
    for _turn in range(4):
        page = parser.fromstring(reader.get(path).text)
        seen.append(page.findtext(".//h1"))
        found = page.xpath("//a[@rel='next']/@href")
        path = found[0].removeprefix(reader.prefix) if found else ""
    assert seen == ["Title 1", "Title 2", "Title 3", "Quiz"]
    assert not path


def test_a_learner_comes_back_to_the_same_page_from_another_device(place: Place) -> None:
    place.reader().get("/module/M01/2")
    answer = place.reader(sid="another-session").get("/module/M01")
    assert answer.status_code == 303
    assert answer.location.endswith("/module/M01/2")


def test_the_quiz_and_the_finish_page_are_places_too(here: Place) -> None:
    reader = here.reader()
    for name in ("quiz", "finish"):
        reader.get(f"/module/M01/{name}")
        assert reader.get("/module/M01").location.endswith(f"/module/M01/{name}")


def test_a_place_that_an_edit_took_away_leads_to_the_beginning(here: Place) -> None:
    reader = here.reader()
    reader.get("/module/M01/3")
    (here.modules / "M01" / "en" / "03-page-3.md").unlink()
    assert reader.get("/module/M01").location.endswith("/module/M01/1")


def test_an_address_may_name_the_page(here: Place) -> None:
    assert here.reader().get("/module/M01?page=3").location.endswith("/module/M01/3")


@pytest.mark.parametrize(
    "path", ["/module/M01/0", "/module/M01/9", "/module/M99", "/module/M01/media/none.svg", "/module/.."]
)
def test_what_is_not_there_is_said_plainly(here: Place, path: str) -> None:
    answer = here.reader().get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_without_a_session_one_is_sent_back_to_the_course(here: Place) -> None:
    answer = here.app.test_client().get("/module/M01/1")
    assert answer.status_code == 401
    assert "Go back to your course" in answer.text


def test_what_was_done_outlives_the_session(here: Place) -> None:
    reader = here.reader()
    reader.get("/module/M01/2")
    here.clock.now += timedelta(hours=9)
    assert reader.post("/module/M01/quiz", {"attempt": "1", "q1": "1"}).status_code == 401
    assert here.reader(sid="next").get("/module/M01").location.endswith("/module/M01/2")


class TestWhoMayOpen:
    @pytest.mark.parametrize(
        "changes",
        [
            {"module": "M02"},
            {"role": "none"},
            {"role": "instructor", "module": "M02"},
            {"module": None, "programme": "CECO"},
            {"module": None, "message": "sign_in", "role": "none"},
        ],
    )
    def test_not_from_a_session_for_something_else(self, here: Place, changes: dict[str, Any]) -> None:
        answer = here.reader(**changes).get("/module/M01/1")
        assert answer.status_code == 403
        assert "MODULE-CLOSED" in answer.text
        assert here.statements() == []

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"role": "learner"}, id="from a link to the record"),
            pytest.param({"role": "learner", "module": "M02"}, id="from another module, by the record's next step"),
            pytest.param({"role": "none", "message": "sign_in"}, id="by their own link"),
        ],
    )
    def test_the_enrolled_open_every_module_of_their_programme(self, place: Place, changes: dict[str, Any]) -> None:
        session = place.arrive(place.session(**{"module": None, **changes}), "CECO")
        assert Reader(place, session).get("/module/M01/1").status_code == 200
        assert len(place.statements("initialized")) == 1

    def test_what_they_do_counts_in_each_of_their_programmes(self, place: Place) -> None:
        session = place.arrive(place.session(), "CECO", "DIGY")
        Reader(place, session).get("/module/M01/1")
        grouping = place.statements()[0]["context"]["contextActivities"]["grouping"]
        assert {one["id"].rsplit("/", 1)[-1] for one in grouping} == {"CECO", "DIGY"}

    def test_a_token_of_the_xapi_opens_no_page(self, here: Place) -> None:
        assert here.app.test_client().get("/s/a.b.c/module/M01/1").status_code == 401


class TestQuiz:
    def test_the_page_holds_no_key(self, here: Place) -> None:
        reader = here.reader()
        page = reader.get("/module/M01/quiz").text
        for hidden in HIDDEN:
            assert hidden not in page
        places = parser.fromstring(page).xpath("//input[@name='q1']/@value")
        assert sorted(places) == ["1", "2"]

    def test_it_asks_in_the_same_order_again(self, here: Place) -> None:
        def order(page: str) -> list[str]:
            return [text_of(parser.tostring(one).decode()) for one in parser.fromstring(page).xpath("//fieldset")]

        first = order(here.reader().get("/module/M01/quiz").text)
        assert order(here.reader(sid="s2").get("/module/M01/quiz").text) == first

    def test_passing(self, place: Place) -> None:
        reader = place.reader()
        answer = reader.hand_in(RIGHT)
        assert answer.status_code == 303
        assert answer.location.endswith("/module/M01/quiz#result")
        page = reader.follow("/module/M01/quiz")
        assert "Passed: 100%" in text_of(page)
        assert "You reached 4 of 4 points. The pass mark is 70%." in text_of(page)
        assert "Try again" not in page
        assert "SECRET-Q1 it is the first" in page
        assert len(place.statements("passed")) == 1

    def test_failing_tells_what_was_wrong_but_not_what_is_right(self, here: Place) -> None:
        reader = here.reader()
        reader.hand_in(WRONG)
        page = reader.follow("/module/M01/quiz")
        words = text_of(page)
        assert "Not passed yet: 0%" in words
        assert "You have 2 attempts left." in words
        assert "SECRET-B, no" in page
        for hidden in ("SECRET-Q", "SECRET-A", "SECRETWORD", "The answer is"):
            assert hidden not in page
        assert "Try again" in page

    def test_trying_again_begins_with_an_empty_sheet(self, here: Place) -> None:
        reader = here.reader()
        reader.hand_in(WRONG)
        page = reader.get("/module/M01/quiz?again=yes").text
        assert "checked" not in page
        assert 'name="attempt" value="2"' in page
        assert "SECRET" not in page

    def test_after_the_last_attempt_the_answers_are_shown_and_nothing_can_be_sent(self, place: Place) -> None:
        reader = place.reader()
        for _attempt in range(3):
            reader.hand_in(WRONG)
        page = reader.follow("/module/M01/quiz?again=yes")
        assert "You have no attempts left." in text_of(page)
        assert "The answer is: SECRETWORD" in page
        assert "Check my answers" not in page
        assert reader.post("/module/M01/quiz", {**reader.answers({}, page=""), "attempt": "4"}).status_code == 303
        assert len(place.statements("failed")) == 3

    def test_open_questions_are_pointed_at_and_nothing_is_counted(self, place: Place) -> None:
        reader = place.reader()
        answer = reader.hand_in({"q1": "a", "q3": {"p1": "p1"}})
        assert answer.status_code == 422
        page = parser.fromstring(answer.text)
        assert page.xpath("//*[@id='unanswered']//a/@href") == ["#q2", "#q3", "#q4"]
        assert len(page.xpath("//input[@name='q1' and @checked]")) == 1
        assert not place.statements("failed", "passed")
        assert reader.hand_in({"q1": "a"}, anyway="yes").status_code == 303
        assert len(place.statements("failed")) == 1

    def test_answers_that_are_not_handed_in_are_there_on_another_device(self, place: Place) -> None:
        reader = place.reader()
        answer = reader.post("/module/M01/quiz/draft", reader.answers({"q1": "a", "q4": "my “word”"}))
        assert answer.status_code == 204
        page = parser.fromstring(place.reader(sid="s2").follow("/module/M01"))
        assert page.xpath("//input[@name='q4']/@value") == ["my “word”"]
        (ticked,) = page.xpath("//input[@name='q1' and @checked]")
        assert "The first" in ticked.getparent().text_content()

    def test_saving_works_without_script(self, here: Place) -> None:
        reader = here.reader()
        answer = reader.hand_in({"q4": "half"}, act="save")
        assert answer.status_code == 303
        assert 'value="half"' in reader.follow("/module/M01/quiz")
        assert not here.statements("failed")

    def test_a_late_draft_does_not_fill_the_next_attempt(self, here: Place) -> None:
        reader = here.reader()
        late = reader.answers(WRONG)
        reader.hand_in(WRONG)
        answer = reader.post("/module/M01/quiz/draft", late, headers={"Accept": "application/json"})
        assert answer.status_code == 409
        assert json.loads(answer.text)["error"] == "QUIZ-ATTEMPT-OVER"
        assert "checked" not in reader.get("/module/M01/quiz?again=yes").text

    def test_a_double_click_is_one_attempt(self, place: Place) -> None:
        reader = place.reader()
        form = reader.answers(WRONG)
        ready = threading.Barrier(4)
        codes: list[int] = []

        def click() -> None:
            other = place.reader()
            ready.wait()
            codes.append(other.post("/module/M01/quiz", form).status_code)

        threads = [threading.Thread(target=click) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert codes == [303] * 4
        assert len(place.statements("failed")) == 1
        assert "You have 2 attempts left." in text_of(reader.follow("/module/M01/quiz"))

    @pytest.mark.parametrize("number", [None, "", "0", "-1", "x", "9", "99999999", "²"])
    def test_an_attempt_that_nobody_began_is_refused(self, here: Place, number: str | None) -> None:
        reader = here.reader()
        form = {**reader.answers(RIGHT), "attempt": number} if number is not None else {"q1": "1"}
        answer = reader.post("/module/M01/quiz", {**form, "anyway": "yes"})
        assert answer.status_code == 409
        assert "QUIZ-ATTEMPT-UNKNOWN" in answer.text

    def test_garbage_is_worth_nothing_and_breaks_nothing(self, here: Place) -> None:
        reader = here.reader()
        reader.get("/module/M01/quiz")
        form = {"attempt": "1", "anyway": "yes", "q1": "a", "q2": ["1", "99", "x"], "q3.p1": "p1", "q4": "\u200b" * 500}
        assert reader.post("/module/M01/quiz", form).status_code == 303
        assert here.statements("failed")

    def test_questions_are_tied_to_their_feedback(self, here: Place) -> None:
        reader = here.reader()
        reader.hand_in(WRONG)
        page = parser.fromstring(reader.follow("/module/M01/quiz"))
        for question in page.xpath("//fieldset"):
            described = question.get("aria-describedby").split()
            assert f"{question.get('id')}-feedback" in described
            assert all(page.get_element_by_id(id) is not None for id in described)

    def test_a_quiz_that_was_changed_keeps_the_result(self, here: Place) -> None:
        reader = here.reader()
        reader.hand_in(RIGHT)
        head = here.modules / "M01" / "module.yaml"
        head.write_text(head.read_text().replace("version: 1", "version: 2"))
        page = text_of(reader.follow("/module/M01/quiz"))
        assert "Passed: 100%" in page
        assert "The quiz was changed after you answered it." in page


class TestFinish:
    def test_a_grade_that_a_teacher_gave_in_the_lms_is_said_to_stay(self, here: Place) -> None:
        here.grade = GradeState("sent", here.clock.now, "Your teacher gave a grade by hand. It stays.")
        finish = text_of(here.reader().follow("/module/M01/finish"))
        assert "Your teacher gave a grade by hand. It stays." in finish
        assert "has arrived" not in finish

    def test_it_tells_what_was_reached_and_what_is_left(self, here: Place) -> None:
        here.summary = ModuleSummary((a_unit(),), "/record")
        here.grade = GradeState("waiting")
        reader = here.reader()
        reader.hand_in(RIGHT)
        finish = text_of(reader.follow("/module/M01/finish"))
        assert "You have not finished this module yet" in finish
        assert "Read page 2" in finish
        for number in (1, 2, 3):
            reader.get(f"/module/M01/{number}")
        finish = text_of(reader.follow("/module/M01/finish"))
        assert "Go on" not in finish
        assert "You have finished this module" in finish
        assert "Quiz passed: 100%" in finish
        assert "demonstrated Explain how search tools rank" in finish
        assert "Next in this unit: Module M07 is left" in finish
        assert "Your grade is on its way to" in finish

    def test_its_main_button_leads_to_what_is_left_first(self, here: Place) -> None:
        def main_button() -> str:
            page = reader.get("/module/M01/finish").text
            (href,) = re.findall(r'<a class="button main" href="([^"]+)"', page)
            return str(href).rpartition("/module/")[2]

        reader = here.reader()
        reader.get("/module/M01/1")
        assert main_button() == "M01/2"
        for number in (2, 3):
            reader.get(f"/module/M01/{number}")
        assert main_button() == "M01/quiz"

    @pytest.mark.parametrize(
        ("grade", "words"),
        [
            (GradeState("sent"), "has arrived in"),
            (GradeState("refused", why="The course is closed."), "did not accept your grade"),
            (None, "Read the module again"),
        ],
    )
    def test_the_grade_is_told_as_it_stands(self, here: Place, grade: GradeState | None, words: str) -> None:
        here.grade = grade
        page = text_of(here.reader().follow("/module/M01/finish"))
        assert words in page
        assert (grade is None) == ("Your grade" not in page)


class TestTeacher:
    def test_a_teacher_sees_all_and_nothing_is_recorded(self, place: Place) -> None:
        reader = place.reader(role="instructor")
        for path in ("/module/M01/1", "/module/M01/quiz", "/module/M01/finish"):
            page = reader.follow(path)
            assert "You see this as a teacher: nothing is recorded." in page
            assert "xapi-token" not in page
            assert "module.js" not in page
        assert place.statements() == []
        assert place.heard == []

    def test_the_quiz_can_be_tried(self, here: Place) -> None:
        reader = here.reader(role="instructor")
        page = reader.get("/module/M01/quiz").text
        assert "SECRET" not in page
        answer = reader.post("/module/M01/quiz", reader.answers({**RIGHT, "q1": "b"}, page))
        assert "These answers reach 75%." in text_of(answer.text)
        assert reader.post("/module/M01/quiz/draft", {}).status_code == 204
        assert here.statements() == []

    def test_the_key_is_shown_on_demand(self, here: Place) -> None:
        page = here.reader(role="instructor").get("/module/M01/quiz?key=show").text
        assert "SECRET-Q1" in page
        assert 'value="SECRETWORD"' in page

    def test_a_learner_gets_no_key_by_asking(self, here: Place) -> None:
        assert "SECRET" not in here.reader().get("/module/M01/quiz?key=show").text


class TestLanguages:
    def test_pages_are_in_the_reader_s_language_where_the_module_has_it(self, here: Place) -> None:
        home = here.modules / "M01"
        (home / "lv").mkdir()
        for file in (home / "en").iterdir():
            (home / "lv" / file.name).write_text(file.read_text().replace("Title", "Virsraksts"))
        page = here.reader(locale="lv-LV").get("/module/M01/1").text
        assert "<h1>Virsraksts 1</h1>" in page
        assert 'lang="lv"' in page
        assert here.statements()[0]["context"]["language"] == "lv"
        here.reader(locale="lv-LV").get("/module/M01/1?lang=en")
        assert "<h1>Title 1</h1>" in here.reader(locale="lv-LV").get("/module/M01/1?lang=en").text

    def test_else_they_are_in_english_and_say_so(self, here: Place) -> None:
        page = here.reader(locale="el").get("/module/M01/1").text
        assert '<html lang="el">' in page
        assert '<article lang="en"' in page
        assert "Ελληνικά" in page
        assert here.statements()[0]["context"]["language"] == "en"


class TestMedia:
    def test_a_picture_is_served_and_runs_nothing(self, here: Place) -> None:
        media = here.modules / "M01" / "media"
        media.mkdir()
        (media / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>")
        answer = here.reader().get("/module/M01/media/a.svg")
        assert answer.mimetype == "image/svg+xml"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, max-age=3600"
        answer.close()

    def test_who_may_not_open_the_module_gets_no_file_of_it(self, here: Place) -> None:
        assert here.reader(module="M02").get("/module/M01/media/a.svg").status_code == 403

    @pytest.mark.parametrize("name", ["..%2fmodule.yaml", "%2e%2e", "module.yaml"])
    def test_no_other_file_is_served(self, here: Place, name: str) -> None:
        assert here.reader().get(f"/module/M01/media/{name}").status_code == 404


def test_a_module_without_pages_says_what_it_is_and_what_to_do(here: Place) -> None:
    page = text_of(here.reader(module="M10").get("/module/M10").text)
    assert "Developing digital content" in page
    assert "Planned hours 3 h" in page
    assert "What it leads to" in page
    assert "How it is evidenced" in page
    assert "Ask your teacher" in page
    assert here.reader(module="M10").get("/module/M10/1").status_code == 404
    assert here.statements() == []


def test_a_broken_module_is_no_fault_of_the_reader(here: Place) -> None:
    (here.modules / "M01" / "module.yaml").write_text("id: [")
    answer = here.reader().get("/module/M01/1")
    assert answer.status_code == 503
    assert "MODULE-BROKEN" in answer.text
    assert str(here.modules) not in answer.text


def test_the_page_s_token_is_for_this_learner_module_and_registration(here: Place) -> None:
    page = parser.fromstring(here.reader().get("/module/M01/1").text)
    grant = Tokens(SECRET).read_xapi(page.xpath("//meta[@name='xapi-token']/@content")[0], here.clock.now)
    assert grant is not None
    about = json.loads(page.get_element_by_id("study").get("data-about"))
    assert grant.activity == about["object"]["id"] == "tag:biblio-project.eu,2022:module/M01"
    assert grant.registration == about["context"]["registration"]
    assert about["actor"] == grant.actor


def test_pages_have_no_inline_script_or_style(here: Place) -> None:
    reader = here.reader()
    for path in ("/module/M01/1", "/module/M01/quiz", "/module/M01/finish", "/module/M10"):
        page = parser.fromstring(reader.get(path).text)
        assert page.xpath("//*[@style]") == []
        assert [one.text for one in page.xpath("//script") if one.text] == []
