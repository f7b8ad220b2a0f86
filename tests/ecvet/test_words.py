"""Every reason has its sentence, in whatever language the translator speaks."""

from __future__ import annotations

import re

import pytest

from lti_tool.ecvet.judge import STATES as JUDGED
from lti_tool.ecvet.reasons import REASONS, reason
from lti_tool.ecvet.terms import MODES
from lti_tool.ecvet.words import OF_OTHERS, SENTENCES, STATES, reason_text, state_text
from tests.ecvet.builders import ceco

AT = "2026-03-03T10:00:00.000000Z"
VALUES = {
    "module": "M07", "about": "M07", "unit": "BIB-U1", "mode": "work_based", "hours": 12.5, "at": AT, "since": AT,
    "until": AT,
    "by": "person-1", "institution": "LV-KISC", "reason": "the log is missing", "kind": "validate", "count": 2,
    "total": 3, "times": 2, "scaled": 0.5, "needed": 0.7, "activity": "https://moodle.example/quiz/1",
}  # fmt: skip


def say(code: str, locale: str = "en", **values: str | float) -> str:
    chosen = {name: {**VALUES, **values}[name] for name in REASONS[code]}
    return reason_text(reason(code, **chosen), ceco(), locale, str, {"person-1": "Anna"})


@pytest.mark.parametrize("code", REASONS)
def test_every_code_has_a_sentence_without_holes(code: str) -> None:
    text = say(code)
    assert text.endswith((".", ":", "missing", "quiz/1"))
    assert "%" not in text.replace("50%", "").replace("70%", "")
    assert AT not in text


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_belongs_to_a_code_and_names_only_its_values(sentence: str) -> None:
    code = sentence.split(":")[0]
    assert set(re.findall(r"%\((\w+)\)s", SENTENCES[sentence])) <= set(REASONS[code])


def test_the_words_of_the_pages() -> None:
    assert say("module_left") == "Module M07 (Collaborating through digital technologies) is left."
    assert say("hours_wait", hours=12) == "Your mentor has to confirm 12 h."
    assert say("waits_for_validation") == "Waits for validation since 3 March 2026."
    assert say("waits_for_assessment", since="") == "Waits for assessment."
    assert say("validated") == "Anna (Culture Information Systems Centre) validated this on 3 March 2026."
    assert say("assessed_not_yet", reason="").endswith("on 3 March 2026.")


def test_who_reads_about_somebody_else_is_not_spoken_to() -> None:
    to_the_learner = {key for key, text in SENTENCES.items() if re.search(r"\b[Yy]ou", text)}
    assert to_the_learner == set(OF_OTHERS)
    assert [text for text in OF_OTHERS.values() if re.search(r"\b[Yy]ou", text)] == []
    for key, text in OF_OTHERS.items():
        assert re.findall(r"%\(\w+\)s", text) == re.findall(r"%\(\w+\)s", SENTENCES[key])
    waiting = reason("hours_wait", mode="work_based", hours=12)
    assert reason_text(waiting, ceco(), "en", str, own=False) == "A mentor has to confirm 12 h."
    assert reason_text(reason("module_left", module="M07"), ceco(), "en", str, own=False) == say("module_left")


def test_numbers_dates_and_titles_follow_the_language() -> None:
    assert "12,5" in say("hours_wait", "lv")
    assert "Sadarbība, izmantojot digitālās tehnoloģijas" in say("module_left", "lv")
    assert "3 marzo 2026" in say("waits_for_validation", "it")


def test_all_hours_that_a_rule_can_ask_for_have_their_own_words() -> None:
    for mode in MODES:
        if mode != "online_and_self_study":
            assert f"hours_left:{mode}" in SENTENCES
            assert f"hours_wait:{mode}" in SENTENCES


def test_the_translator_is_asked_for_the_english_sentence() -> None:
    text = reason_text(reason("entry_left"), ceco(), "lv", {SENTENCES["entry_left"]: "Vēl nav ierakstīts."}.__getitem__)
    assert text == "Vēl nav ierakstīts."


def test_every_state_has_a_word() -> None:
    assert set(STATES) == set(JUDGED)
    assert state_text("in_progress", str) == "in progress"


def test_a_reason_takes_its_own_values_and_no_others() -> None:
    with pytest.raises(ValueError, match="takes"):
        reason("module_left", unit="BIB-U1")
