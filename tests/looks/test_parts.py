"""Parts say in words what they show in colour, are tied together for screen readers, and escape what people wrote."""

from __future__ import annotations

import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient

from lti_tool.errors import BadInput, Busy, ToolError
from tests.looks.guide import MOMENT, PACKAGE, icon_names

STATES = {
    "not_started": "not started",
    "in_progress": "in progress",
    "demonstrated": "demonstrated",
    "assessed_not_yet": "assessed: not yet",
    "assessed_achieved": "assessed",
    "validated": "validated",
    "recognised": "recognised",
}
GRADES = {"waiting": "waiting", "sent": "sent", "refused": "not accepted"}


def draw(app: Flask, source: str, **context: object) -> str:
    imports = "".join(
        f'{{% import "{name}.html" as {name} with context %}}' for name in ("parts", "parts_forms", "parts_quiz")
    )
    with app.test_request_context("/"):
        return render_template_string(imports + source, **context)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize("mark", [False, True])
@pytest.mark.parametrize(("code", "word"), STATES.items())
def test_a_state_has_a_word_an_icon_and_a_colour(app: Flask, code: str, word: str, mark: bool) -> None:
    html = draw(app, "{{ parts.state(code, mark=mark) }}", code=code, mark=mark)
    assert words(html) == word
    assert f"is-{code}" in html
    icon = re.search(r"icons\.svg#([\w-]+)", html)
    assert icon and icon[1] in icon_names()


def test_every_state_has_an_icon_of_its_own(app: Flask) -> None:
    icons = {re.search(r"#([\w-]+)", draw(app, "{{ parts.state(code) }}", code=code))[1] for code in STATES}  # type: ignore[index]  # a state without an icon fails above
    assert len(icons) == len(STATES)


@pytest.mark.parametrize(("code", "word"), GRADES.items())
def test_a_grade_has_a_word_and_an_icon(app: Flask, code: str, word: str) -> None:
    html = draw(app, "{{ parts.grade(code) }}", code=code)
    assert words(html) == word
    assert f"#{code}" in html


def test_a_bar_never_runs_over_and_stands_where_nothing_is_planned(app: Flask) -> None:
    assert '<progress value="8" max="8"' in draw(app, "{{ parts.bar(9, 8, 'Modules') }}")
    assert '<progress value="0" max="1"' in draw(app, "{{ parts.bar(0, 0, 'Modules') }}")
    assert "9 of 8" in draw(app, "{{ parts.bar(9, 8, 'Modules') }}")


def test_an_outcome_bar_counts_what_was_shown(app: Flask) -> None:
    html = draw(app, "{{ parts.outcome_bar(states, 'Outcomes') }}", states=list(STATES))
    assert html.count("<rect") == len(STATES)
    assert "4 of 7 outcomes shown" in words(html)
    assert "0 of 1 outcome shown" in words(draw(app, "{{ parts.outcome_bar(['not_started'], 'Outcomes') }}"))
    assert "0 of 0 outcomes shown" in words(draw(app, "{{ parts.outcome_bar([], 'Outcomes') }}"))


def test_hours_show_recorded_of_planned(app: Flask) -> None:
    html = draw(app, "{{ parts.hours_bars(rows) }}", rows=[{"label": "Online", "recorded": 170.25, "planned": 160}])
    assert 'value="160" max="160"' in html
    assert "170.25 of 160\u00a0h" in html


@pytest.mark.parametrize("source", ["{{ parts.card(bad) }}", "{{ parts_forms.field('a', bad, value=bad, error=bad) }}"])
def test_what_people_wrote_is_escaped(app: Flask, source: str) -> None:
    html = draw(app, source, bad="<img src=x onerror=alert(1)>\"'")
    assert "<img" not in html
    assert 'value="<' not in html


def test_a_field_is_tied_to_its_label_hint_and_error(app: Flask) -> None:
    html = draw(app, "{{ parts_forms.field('day', 'Day', hint='As 13.10.2022', error='Write a day') }}")
    assert '<label for="day">' in html
    assert 'aria-describedby="day-hint day-error" aria-invalid="true"' in html
    assert 'id="day-hint"' in html
    assert 'id="day-error"' in html


def test_a_password_is_never_written_back(app: Flask) -> None:
    assert "secret" not in draw(app, "{{ parts_forms.field('p', 'Password', kind='password', value='secret') }}")


def test_an_error_list_leads_to_the_field_also_of_choices(app: Flask) -> None:
    html = draw(
        app,
        "{{ parts_forms.form_errors({'rating': 'Choose a rating'}) }}"
        "{{ parts_forms.choices('rating', 'Rating', [{'value': 'a', 'label': 'A'}, {'value': 'b', 'label': 'B'}]) }}",
    )
    assert 'href="#rating"' in html
    assert html.count('id="rating"') == 1
    assert "1 thing to mend" in html


def test_choices_given_as_one_text_are_not_taken_letter_by_letter(app: Flask) -> None:
    options = [{"value": "a", "label": "A"}, {"value": "ab", "label": "AB"}]
    html = draw(app, "{{ parts_forms.choices('x', 'X', options, values='ab') }}", options=options)
    assert html.count(" checked") == 1
    assert 'value="ab" checked' in html


QUESTION = {
    "id": "q1",
    "type": "single",
    "text": "Why?",
    "choices": [{"id": "a", "text": "This"}, {"id": "b", "text": "That"}],
}


def test_a_question_before_checking_gives_no_verdict(app: Flask) -> None:
    html = draw(app, "{{ parts_quiz.question(q, 1, 3, given='b') }}", q=QUESTION)
    assert 'value="b" checked' in html
    assert "ight" not in words(html).replace("Choose all answers that are right", "")
    assert "Question 1 of 3" in words(html)


def test_a_checked_question_says_the_verdict_in_words(app: Flask) -> None:
    result = {"right": False, "feedback": "Think again.", "parts": {"b": {"right": False, "feedback": "No, because."}}}
    html = draw(
        app, "{{ parts_quiz.question(q, 1, 3, given='b', result=result, locked=True) }}", q=QUESTION, result=result
    )
    assert "That No, because. Not right" in words(html)
    assert "Not right yet. Think again." in words(html)
    assert html.count("disabled") == 2


def test_a_single_choice_is_not_taken_by_part_of_its_id(app: Flask) -> None:
    question = QUESTION | {"choices": [{"id": "a", "text": "This"}, {"id": "ab", "text": "That"}]}
    html = draw(app, "{{ parts_quiz.question(q, 1, 1, given='ab') }}", q=question)
    assert 'value="a" checked' not in html


def test_a_moment_is_written_for_people_and_for_machines(app: Flask) -> None:
    html = draw(app, "{{ parts.when(m) }}{{ parts.saved(m) }}{{ parts.saved() }}", m=MOMENT + timedelta(seconds=7))
    assert '<time datetime="2023-03-03T12:02:07Z" data-when>3 Mar 2023, 12:02 UTC</time>' in html
    assert 'data-at="2023-03-03T12:02:07Z"' in html
    assert 'data-state="new"' in html


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            BadInput(
                "HOURS", "%(given)s is no number.", "Write %(example)s.", params={"given": "<b>", "example": "2.5"}
            ),
            "2.5",
        ),
        (Busy(), "Wait a few seconds"),
        (ToolError("SET-UP", "The key is missing.", whom="administrator"), "ask the administrator"),
    ],
)
def test_an_error_page_says_what_happened_and_whom_to_ask(app: Flask, error: ToolError, said: str) -> None:
    with app.test_request_context("/"):
        html = render_template_string('{% extends "error.html" %}', error=error, reference="7F3A")
    assert said in html
    assert f'<code id="reference">{error.code} 7F3A</code>' in html
    assert "<b>" not in html


@pytest.mark.parametrize("path", ["/", "/front", "/error"])
def test_no_page_needs_inline_script_or_style(client: FlaskClient, path: str) -> None:
    html = client.get(path).text
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", html)


def test_every_icon_that_is_used_is_there(client: FlaskClient) -> None:
    used = {
        name for path in ("/", "/front", "/error") for name in re.findall(r"icons\.svg#([\w-]+)", client.get(path).text)
    }
    assert used <= set(icon_names())


@pytest.mark.parametrize("picture", ["icons/icons.svg", "icons/select.svg", "favicon.svg"])
def test_pictures_are_well_formed(picture: str) -> None:
    ElementTree.parse(PACKAGE / "static" / picture)  # noqa: S314  # our own file


def test_the_documented_macros_are_those_that_exist() -> None:
    text = (PACKAGE.parent / "docs" / "looks.md").read_text(encoding="utf-8")
    for name in ("parts", "parts_forms", "parts_quiz"):
        source = (PACKAGE / "templates" / f"{name}.html").read_text(encoding="utf-8")
        inner = {"described", "said", "optional_word", "verdict", "state_icon"}
        for macro, arguments in re.findall(r"macro (\w+)\((.*?)\) -?%}", source):
            if macro not in inner:
                assert f"`{macro}" in text or f", `{macro}`" in text or f"`{macro}(" in text, macro
                assert f"({arguments})" in text or not arguments, f"{macro}({arguments})"
