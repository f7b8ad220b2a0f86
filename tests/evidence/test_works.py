"""Project work: handed in with files and links, version by version, rated by the unit's rubric, or returned."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
import sqlalchemy as sa

from lti_tool.db import reading, writing
from lti_tool.ecvet.entries import entries
from lti_tool.evidence import handing_in, works
from lti_tool.evidence.works import is_link
from lti_tool.insight.reminders import counts
from lti_tool.people.roles import Role
from tests.learning import BASE, Place, Somebody

UNIT = "BIB-U7"
OWN = f"/record/unit/{UNIT}/work"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
GOOD = dict.fromkeys(("purpose", "content", "access", "rights", "lasting"), "good")
MAY = {"coordinator", "assessor"}
READ = MAY | {"mentor", "trainer"}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # DATA_DIR is relative by default


def send(here: Place, who: Somebody, **changes: Any) -> Any:
    data = {
        "programme": "CECO",
        "work": "",
        "title": "A calendar of the library's events",
        "description": "One calendar for readers and colleagues.\nIt is on our website.",
        "links": "https://library.example.lv/kalendārs\n",
        "hours": "12.5",
        "file": (io.BytesIO(PDF), "Plāns.pdf"),
        **changes,
    }
    return here.browser(who).post(OWN, data, content_type="multipart/form-data")


def page_of(learner: Somebody, unit: str = UNIT) -> str:
    return f"/programme/CECO/learner/{learner.person}/unit/{unit}/work"


def found(here: Place, learner: Somebody) -> list[works.Work]:
    with reading(here.engine) as conn:
        return works.of_learner(conn, [learner.key], "CECO", UNIT)


def work_of(here: Place, learner: Somebody) -> works.Work:
    (only,) = found(here, learner)
    return only


def decide(
    here: Place,
    learner: Somebody,
    result: str = "rated",
    by: Somebody | None = None,
    levels: Mapping[str, str] | None = None,
    **changes: Any,
) -> Any:
    work = work_of(here, learner)
    data = {"work": work.id, "version": str(work.newest.number), "result": result, "reason": "Looked at it together"}
    data |= {f"level-{name}": level for name, level in (GOOD if levels is None else levels).items()}
    return here.browser(by or here.holder("assessor")).post(page_of(learner), {**data, **changes})


def project_hours(here: Place, learner: Somebody) -> tuple[float, float]:
    """Recorded, and waiting."""
    line = here.record(learner).judgement.hours["project_based"]
    return line.recorded, line.waiting


def test_work_is_handed_in_and_rated_by_each_criterion(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    assert send(place, anna).status_code == 303
    own = place.browser(anna).text(f"{OWN}?programme=CECO&saved=1")
    for part in ("Your work waits for an assessor", "handed in", "Plāns.pdf", "https://library.example.lv/kalendārs"):
        assert part in own
    assert "A library's digital materials and tools" in own
    page = place.browser(place.holder("assessor")).text(page_of(anna))
    for part in ("A calendar of the library's events", "It is on our website.", "Purpose and readers", "Exemplary"):
        assert part in page
    levels = {**GOOD, "purpose": "exemplary", "rights": "not-yet"}
    answer = decide(place, anna, levels=levels, **{"comment-rights": "Whose photographs are these?"})
    assert answer.status_code == 303
    # Weights 2, 2, 1, 1, 1 and 3 points at most: (2*3 + 2*2 + 2 + 0 + 2) / 21.
    assert work_of(place, anna).last is not None
    assert work_of(place, anna).last.scaled == pytest.approx(14 / 21)  # type: ignore[union-attr]  # it is there
    for path in (f"/record/unit/{UNIT}?programme=CECO", f"{OWN}?programme=CECO"):
        own = place.browser(anna).text(path)
        for part in ("Rated: 66%", "Whose photographs are these?", "Looked at it together", "The assessor", "Not yet"):
            assert part in own, path


def test_a_rating_is_a_statement_with_its_author_and_shows_the_project_and_no_more(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    send(place, anna, hours="")
    assert place.state(anna, UNIT) == "in_progress"
    decide(place, anna)
    handed_in, rating = place.record(anna).statements
    assert handed_in["verb"]["id"].endswith("/submit")
    assert handed_in["authority"]["account"]["name"] == "page"
    assert rating["context"]["instructor"]["name"] == "The assessor"
    assert rating["authority"]["account"]["name"] == "lti-tool"
    assert rating["result"]["score"] == {"scaled": pytest.approx(2 / 3)}
    assert rating["result"]["extensions"] == {"tag:biblio-project.eu,2022:rubric/library-digital-work": GOOD}
    unit = place.record(anna).unit(UNIT)
    assert unit is not None
    assert {judged.state for _outcome, judged in unit.outcomes} == {"demonstrated"}
    assert [one.id for one in place.heard] == [handed_in["id"], rating["id"]]
    text = place.browser(place.holder("coordinator")).text(f"/programme/CECO/learner/{anna.person}/unit/{UNIT}")
    assert "– rated, 66%" in text and "Rated: 66%" in text


def test_a_rating_below_what_the_rule_asks_shows_nothing_and_says_so(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    send(here, anna)
    decide(here, anna, levels=dict.fromkeys(GOOD, "in-part"))
    unit = here.record(anna).unit(UNIT)
    assert unit is not None
    assert {judged.state for _outcome, judged in unit.outcomes} == {"not_started"}
    assert unit.outcomes[0][1].why[0].code == "project_below"
    assert "rated with 33%, 60% is needed" in here.browser(anna).text(f"/record/unit/{UNIT}?programme=CECO")


def test_hours_wait_until_the_work_is_rated_and_wait_again_when_the_rating_is_withdrawn(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    send(place, anna)
    assert project_hours(place, anna) == (0, 12.5)
    work = work_of(place, anna).id
    send(place, anna, work=work, hours="4")
    assert project_hours(place, anna) == (0, 16.5)
    assert "confirm 16.5" in place.browser(place.holder("assessor")).text(page_of(anna))
    decide(place, anna)
    assert project_hours(place, anna) == (16.5, 0)
    assert decide(place, anna, "withdrawn").status_code == 303
    assert project_hours(place, anna) == (0, 16.5)
    assert work_of(place, anna).state == "waiting"
    assert place.record(anna).unit(UNIT).outcomes[0][1].state == "not_started"  # type: ignore[union-attr]  # it is there
    decide(place, anna)
    assert project_hours(place, anna) == (16.5, 0)


def test_hours_may_be_confirmed_or_returned_by_a_mentor_before(here: Place) -> None:
    anna, mentor = here.learner("Anna", "CECO"), here.holder("mentor")
    send(here, anna, hours="30")
    unit = f"/programme/CECO/learner/{anna.person}/unit/{UNIT}"
    entry = next(str(one["id"]) for one in here.record(anna).statements if "duration" in one.get("result", {}))
    corrected = {"entry": entry, "hours": "28", "day": "2022-10-13", "tasks": "A calendar"}
    assert here.browser(mentor).post(unit + "/confirm", {**corrected, "hours": "31"}).status_code == 400
    assert here.browser(mentor).post(unit + "/confirm", corrected).status_code == 303
    assert project_hours(here, anna) == (28, 0)
    send(here, anna, work=work_of(here, anna).id, hours="6")
    entry = next(one.id for one in entries(here.record(anna), BASE, [UNIT]) if one.waiting)
    assert here.browser(mentor).post(unit + "/return", {"entry": entry, "comment": "Which days?"}).status_code == 303
    decide(here, anna)
    assert project_hours(here, anna) == (28, 0)  # what the mentor returned, no rating confirms
    left = next(one for one in entries(here.record(anna), BASE, [UNIT]) if one.id == entry)
    assert (left.returned, left.by) == ("Which days?", "")


def test_what_is_returned_can_be_handed_in_anew_and_earlier_versions_stay(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    send(place, anna)
    assert decide(place, anna, "returned", levels={}, reason="Name your sources, please").status_code == 303
    assert "Name your sources" in place.browser(anna).text("/record?programme=CECO")
    first = work_of(place, anna)
    assert first.state == "returned"
    (file,) = first.newest.files
    again = send(
        place, anna, work=first.id, title="Calendar, with sources", keep=file, links="", file=(io.BytesIO(b""), "")
    )
    assert again.status_code == 303
    second = work_of(place, anna)
    assert (second.state, [one.wish.title for one in second.versions]) == (
        "waiting",
        ["A calendar of the library's events", "Calendar, with sources"],
    )
    assert second.newest.files == (file,)
    assert "Name your sources" not in place.browser(anna).text("/record?programme=CECO")
    page = place.browser(place.holder("assessor")).text(page_of(anna))
    for part in (
        "Calendar, with sources",
        "A calendar of the library's events",
        "Name your sources, please",
        "Version 2",
    ):
        assert part in page
    decide(place, anna)
    assert work_of(place, anna).state == "rated"


def test_rated_work_is_not_handed_in_anew_until_the_rating_is_withdrawn(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    send(here, anna)
    decide(here, anna)
    late = send(here, anna, work=work_of(here, anna).id)
    assert late.status_code == 409
    assert "ECVET-WORK-RATED" in late.text
    assert decide(here, anna).status_code == 409
    assert decide(here, anna, "returned").status_code == 409
    decide(here, anna, "withdrawn", reason="I looked at another version")
    assert send(here, anna, work=work_of(here, anna).id).status_code == 303
    assert len(work_of(here, anna).versions) == 2
    assert [one.result for one in work_of(here, anna).acts] == ["rated", "withdrawn"]


def test_a_rating_on_which_a_validation_rests_stays(here: Place) -> None:
    anna, coordinator = here.learner("Anna", "CECO"), here.browser(here.holder("coordinator"))
    send(here, anna)
    decide(here, anna)
    here.says(anna, "attended", f"unit/{UNIT}/face_to_face/1", hours=4)
    unit = f"/programme/CECO/learner/{anna.person}/unit/{UNIT}"
    outcomes = [one.id for one in here.record(anna).unit(UNIT).unit.outcomes]  # type: ignore[union-attr]  # it is there
    for act in ("assess:achieved", "validate:granted"):
        assert (
            coordinator.post(unit + "/decide", {"act": act, "reason": "seen", "outcome": outcomes}).status_code == 303
        )
    assert here.state(anna, UNIT) == "validated"
    refused = decide(here, anna, "withdrawn")
    assert refused.status_code == 409
    assert "ECVET-ORDER" in refused.text
    assert send(here, anna).status_code == 409
    assert here.state(anna, UNIT) == "validated"


def test_a_rating_is_of_the_version_that_was_looked_at(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    send(here, anna)
    send(here, anna, work=work_of(here, anna).id)
    old = decide(here, anna, version="1")
    assert old.status_code == 409
    assert "ECVET-WORK-NEWER" in old.text
    assert work_of(here, anna).state == "waiting"


def test_what_waits_is_on_the_list_of_those_who_rate_until_it_is_rated(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    send(place, anna)
    assessor = place.holder("assessor")
    page = place.browser(assessor).get("/to-do").text
    assert "Rate project work: Library innovation project" in page
    link = re.findall(r'href="[^"]*(/programme/CECO/learner/[^"]*/work\?[^"#]*)', page)[0]
    assert place.browser(assessor).get(link.replace("&amp;", "&")).status_code == 200
    for role in ("mentor", "trainer"):
        assert "Rate project work" not in place.browser(place.holder(role)).text("/to-do")  # type: ignore[arg-type]  # a Role
    assert "Rate project work" not in place.browser(place.holder("assessor", "DIGY", name="D")).text("/to-do")
    decide(place, anna, "returned")
    assert "Rate project work" not in place.browser(assessor).text("/to-do")
    send(place, anna, work=work_of(place, anna).id)
    assert "Rate project work" in place.browser(assessor).text("/to-do")
    decide(place, anna)
    assert "Rate project work" not in place.browser(assessor).text("/to-do")


def test_reminders_count_what_waits_for_a_rating(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    send(place, anna)
    people = {role: place.holder(role) for role in ("assessor", "mentor")}  # type: ignore[arg-type]  # Roles
    told = {}
    for role, who in people.items():
        by = place.by(who)
        with reading(place.engine) as conn:
            told[role] = counts(conn, by, place.clock(), BASE)["work"]
    assert told == {"assessor": 1, "mentor": 0}


@pytest.mark.parametrize("role", [*get_args(Role), "learner", "teacher", None])
def test_who_may_read_and_who_may_rate(here: Place, role: str | None) -> None:
    course = here.course()
    anna = here.learner("Anna", "CECO", course=course)
    send(here, anna)
    if role == "learner":
        who: Somebody | None = anna
    elif role == "teacher":
        who = here.teacher(course)
    else:
        who = here.holder(role) if role else None  # type: ignore[arg-type]  # a Role here
    browser = here.browser(who)
    assert (browser.get(page_of(anna)).status_code == 200) is (role in READ)
    assert ("Save this rating" in browser.get(page_of(anna)).text) is (role in MAY)
    work = work_of(here, anna)
    data = {"work": work.id, "version": "1", "result": "rated", "reason": "x"}
    answer = browser.post(page_of(anna), data | {f"level-{name}": level for name, level in GOOD.items()})
    assert answer.status_code in ({303} if role in MAY else {401, 403, 404})
    assert (work_of(here, anna).state == "rated") is (role in MAY)


def test_nobody_rates_their_own_work(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    send(here, anna)
    here.grant(anna, "assessor")
    answer = decide(here, anna, by=anna)
    assert answer.status_code == 403
    assert "ECVET-SELF" in answer.text
    assert work_of(here, anna).state == "waiting"


def test_work_is_of_one_learner_and_one_unit(here: Place) -> None:
    anna, boris = here.learner("Anna", "CECO"), here.learner("Boris", "CECO")
    send(here, anna)
    work = work_of(here, anna)
    assert send(here, boris, work=work.id).status_code == 404
    assert len(work_of(here, anna).versions) == 1
    assessor = here.browser(here.holder("assessor"))
    data = {"work": work.id, "version": "1", "result": "rated", "reason": "x"}
    data |= {f"level-{name}": level for name, level in GOOD.items()}
    for path in (
        page_of(boris),
        page_of(anna, "BIB-U1"),
        page_of(anna, "BIB-U9"),
        page_of(anna).replace("CECO", "DIGY"),
    ):
        assert assessor.post(path, data).status_code == 404
    assert work_of(here, anna).state == "waiting"
    # Files of others are not taken over.
    (file,) = work.newest.files
    assert send(here, boris, keep=file, links="", file=(io.BytesIO(b""), "")).status_code == 400
    assert found(here, boris) == []


def test_a_unit_without_a_rubric_takes_no_work(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    data = {"programme": "CECO", "title": "x", "description": "y", "links": "https://example.org/"}
    answer = here.browser(anna).post("/record/unit/BIB-U1/work", data)
    assert answer.status_code == 404
    assert "ECVET-NO-RUBRIC" in answer.text
    assert "Project work" not in here.browser(anna).text("/record/unit/BIB-U1?programme=CECO")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": " "}, "ECVET-WORK"),
        ({"title": "x" * 201}, "ECVET-WORK"),
        ({"description": ""}, "ECVET-WORK"),
        ({"description": "x" * 2001}, "ECVET-WORK"),
        ({"description": "nothing\x00"}, "HTTP-400"),
        ({"links": "javascript:alert(1)"}, "ECVET-LINKS"),
        ({"links": "https://a.example/\n" * 1 + "ftp://b.example/"}, "ECVET-LINKS"),
        ({"links": "\n".join(f"https://{n}.example/" for n in range(6))}, "ECVET-LINKS"),
        ({"hours": "501"}, "ECVET-HOURS"),
        ({"hours": "-1"}, "ECVET-HOURS"),
        ({"hours": "nan"}, "ECVET-HOURS"),
        ({"links": "", "file": (io.BytesIO(b""), "")}, "ECVET-WORK-EMPTY"),
        ({"file": (io.BytesIO(b"<script>alert(1)</script>"), "a.html")}, "ECVET-FILE-KIND"),
        ({"file": (io.BytesIO(b"MZ\x90"), "a.pdf")}, "ECVET-FILE-KIND"),
        ({"file": (io.BytesIO(b""), "a.pdf")}, "ECVET-FILE"),
        ({"file": [(io.BytesIO(PDF), f"{n}.pdf") for n in range(6)]}, "ECVET-FILES"),
    ],
)
def test_what_cannot_be_handed_in(place: Place, tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    anna = place.learner("Anna", "CECO")
    changes = {name: fresh(value) for name, value in changes.items()}
    answer = send(place, anna, **changes)
    assert answer.status_code == 400
    assert code in answer.text
    assert found(place, anna) == []
    assert place.record(anna).statements == ()
    assert not [one for one in (tmp_path / "var" / "files").rglob("*") if one.is_file()]
    if "title" not in changes and code.startswith("ECVET"):
        assert "A calendar of the library&#39;s events" in answer.text  # what was written is still there


def fresh(value: Any) -> Any:
    """The same file unread: parameters are made once for both databases."""
    if isinstance(value, list):
        return [fresh(one) for one in value]
    return (io.BytesIO(value[0].getvalue()), value[1]) if isinstance(value, tuple) else value


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": " "}, "ECVET-COMMENT"),
        ({"reason": "x" * 2001}, "ECVET-COMMENT-LONG"),
        ({"comment-access": "x" * 2001}, "ECVET-COMMENT-LONG"),
        ({"level-access": ""}, "ECVET-RUBRIC"),
        ({"level-access": "brilliant"}, "ECVET-RUBRIC"),
        ({"level-beauty": "good"}, "ECVET-RUBRIC"),
        ({"result": "recognised"}, "ECVET-RESULT"),
        ({"result": ""}, "ECVET-RESULT"),
        ({"reason": "nothing\x00"}, "HTTP-400"),
    ],
)
def test_what_cannot_be_said_about_work(place: Place, changes: dict[str, str], code: str) -> None:
    anna = place.learner("Anna", "CECO")
    send(place, anna)
    before = len(place.record(anna).statements)
    answer = decide(place, anna, **changes)
    assert answer.status_code == 400
    assert code in answer.text
    assert work_of(place, anna).acts == ()
    assert len(place.record(anna).statements) == before
    assert project_hours(place, anna) == (0, 12.5)


def test_pressing_twice_hands_in_once(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    for _press in range(2):
        assert send(place, anna, once="form-1").status_code == 303
    assert len(work_of(place, anna).versions) == 1
    assert project_hours(place, anna) == (0, 12.5)


def test_there_is_an_end_to_works_and_versions(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = here.learner("Anna", "CECO")
    monkeypatch.setattr(handing_in, "MOST_VERSIONS", 2)
    send(here, anna)
    work = work_of(here, anna).id
    assert send(here, anna, work=work).status_code == 303
    assert "ECVET-WORK-MANY" in send(here, anna, work=work).text
    for number in range(works.MOST_WORKS - 1):
        assert send(here, anna, title=f"Work {number}").status_code == 303
    assert "ECVET-WORK-MANY" in send(here, anna).text
    assert len(found(here, anna)) == works.MOST_WORKS


def test_a_rating_is_no_entry_that_is_taken_back_in_silence(here: Place) -> None:
    anna, assessor = here.learner("Anna", "CECO"), here.holder("assessor")
    send(here, anna)
    decide(here, anna, by=assessor)
    rating = next(str(one["id"]) for one in here.record(anna).statements if "score" in one.get("result", {}))
    unit = f"/programme/CECO/learner/{anna.person}/unit/{UNIT}"
    answer = here.browser(assessor).post(unit + "/take-back", {"entry": rating})
    assert answer.status_code == 403
    assert "ECVET-NOT-AN-ENTRY" in answer.text
    assert here.record(anna).statement(rating) is not None


@pytest.mark.parametrize("by", ["page", "credential:other", "by-link", "lti-tool-decisions"])
def test_a_forged_rating_shows_nothing(here: Place, by: str) -> None:
    anna = here.learner("Anna", "CECO")
    send(here, anna)
    here.says(anna, "scored", f"unit/{UNIT}/project/{work_of(here, anna).id}", by=by, scaled=1.0)
    unit = here.record(anna).unit(UNIT)
    assert unit is not None
    assert {judged.state for _outcome, judged in unit.outcomes} == {"not_started"}
    assert work_of(here, anna).state == "waiting"


def test_the_learners_own_word_on_handing_in_is_no_evidence(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    send(here, anna)
    data = {"work": work_of(here, anna).id, "version": "1", "result": "rated", "reason": "x", "level-purpose": "good"}
    assert here.browser(anna).post(f"{OWN}?programme=CECO", data | {"programme": "CECO"}).status_code == 400
    assert here.record(anna).unit(UNIT).judged.state == "in_progress"  # type: ignore[union-attr]  # it is there


def test_files_of_work_are_read_by_those_who_may_see_the_record(here: Place) -> None:
    anna, boris = here.learner("Anna", "CECO"), here.learner("Boris", "CECO")
    send(here, anna)
    path = re.findall(r"(/file/[0-9a-f-]+)", here.browser(anna).get(f"{OWN}?programme=CECO").text)[0]
    for role in sorted(READ):
        with here.browser(here.holder(role)).get(path) as read:  # type: ignore[arg-type]  # a Role here
            assert read.status_code == 200
    for nobody in (boris, here.holder("moderator"), here.holder("assessor", "DIGY", name="D")):
        assert here.browser(nobody).get(path).status_code == 404


def test_links_lead_away_without_telling_from_where(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    send(here, anna, links="https://a.example/x?a=1&b=")
    page = here.browser(anna).get(f"{OWN}?programme=CECO").text
    assert 'href="https://a.example/x?a=1&amp;b=" target="_blank" rel="noopener noreferrer nofollow"' in page


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("https://library.example.lv/", True),
        ("http://library.example.lv:8080/a?b=c#d", True),
        ("HTTPS://LIBRARY.EXAMPLE/", True),
        ("https://bibliotēka.example/kalendārs", True),
        ("https://[2001:db8::1]/", True),
        ("https://", False),
        ("https:///etc/passwd", False),
        ("//library.example/", False),
        ("library.example", False),
        ("file:///etc/passwd", False),
        ("data:text/html,x", False),
        ("javascript://library.example/%0aalert(1)", False),
        ("https://bank.example@evil.example/", False),
        ("https://a:b@evil.example/", False),
        ("https://evil.example\\@bank.example/", False),
        ("https://a.example/ b", False),
        ("https://a.example/\u202ex", False),
        ("https://a.example/\x00", False),
        ("https://[::1", False),
        ("https://a.example:port/", False),
        ('https://a.example/"onclick="x', False),
        ("https://a.example/" + "x" * 2000, False),
    ],
)
def test_what_is_a_link(text: str, fine: bool) -> None:
    assert is_link(text) is fine


def test_versions_and_acts_go_with_their_work(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    send(place, anna)
    decide(place, anna)
    with writing(place.engine) as conn:
        conn.execute(works.works.delete())
        left = [conn.scalar(sa.select(sa.func.count()).select_from(one)) for one in (works.versions, works.acts)]
    assert left == [0, 0]
