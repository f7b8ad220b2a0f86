"""The whole way of a learner in a real browser: from two LMSs, with all that counts, to a recognised unit on paper.

Both programmes are walked, each in another language: the learner's pages and those of everybody else. All is done
through pages and one-time links, as people would; nothing is read from the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import walk_deciding as deciding
from tests.browser import walk_learning as learning
from tests.browser.campus import Campus, Cast, register_by_page, second_lms
from tests.browser.conftest import ROOT, start_demo, stop_demo
from tests.browser.walk import Walk
from tests.browser.words import Words

# A demo of its own: what others do in theirs would stand in these records, and they would meet our teachers' choices.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("whole way")]


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Campus]:
    """The tool with two LMSs; its programmes ask for four eyes."""
    folder = tmp_path_factory.mktemp("campus")
    demo = start_demo(folder / "var")
    try:
        with second_lms(demo, folder / "second") as second, ExitStack() as stack:
            made = Campus(demo, second, int(demo.tool.rpartition(":")[2]))
            made.command("programme", "import", *map(str, four_eyed(folder / "programmes")))
            cast = Cast(made, browser, Words("en"), stack)
            register_by_page(cast, second)
            assert cast.problems == []
            yield made
    finally:
        assert stop_demo(demo) == 0


def four_eyed(folder: Path) -> list[Path]:
    """The programmes, in which whoever assesses a unit does not validate it."""
    shared = folder / "shared"
    shared.mkdir(parents=True)
    for part in (ROOT / "config/programmes/shared").iterdir():
        (shared / part.name).write_text(part.read_text())
    changed = []
    for code in ("CECO", "DIGY"):
        text = (ROOT / f"config/programmes/{code.lower()}.yaml").read_text()
        path = folder / f"{code.lower()}.yaml"
        path.write_text(text.replace(f"\n  id: {code}\n", f"\n  id: {code}\n  four_eyes: true\n", 1))
        changed.append(path)
    return changed


@pytest.mark.parametrize(
    "walked",
    [
        Walk("CECO", "lv", 1, "karlis", "Kārlis Ģēķis-Čaks", "LV-KISC"),
        Walk("DIGY", "bg", 2, "elena", "Елена Димитрова", "BG-GLBF"),
    ],
    ids=["CECO in Latvian", "DIGY in Bulgarian"],
)
def test_a_learner_of_two_lmss_gets_a_unit_recognised(campus: Campus, browser: Browser, walked: Walk) -> None:
    with ExitStack() as stack:
        cast = Cast(campus, browser, Words(walked.language), stack)
        learning.teachers_add_what_is_learnt(walked, cast)
        learning.modules_are_begun_in_both_lmss(walked, cast)
        learning.the_learner_is_at_an_institution(walked, cast)
        learning.accounts_are_joined(walked, cast)
        learning.prior_learning_is_claimed(walked, cast)
        learning.self_study_is_declared(walked, cast)
        learning.seminars_are_attended(walked, cast)
        learning.work_is_logged_and_confirmed(walked, cast)
        learning.project_work_is_rated(walked, cast)
        learning.somebody_without_account_rates(walked, cast)
        learning.prior_learning_is_accepted(walked, cast)
        learning.modules_are_finished(walked, cast)
        deciding.the_unit_is_assessed(walked, cast)
        deciding.the_unit_is_validated_by_a_second_person(walked, cast)
        deciding.the_unit_is_recognised(walked, cast)
        deciding.the_record_tells_all(walked, cast)
        deciding.a_transcript_is_issued_and_checked(walked, cast)
        deciding.grades_are_in_both_gradebooks(walked, cast)
        assert cast.surprises == []
        assert cast.words.strange == []
