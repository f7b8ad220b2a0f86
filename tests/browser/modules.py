"""Reading a module and answering its quiz in a browser, in any language that the module has."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Frame

from lti_tool.play.library import Library
from lti_tool.play.quiz import Match, Multiple, Quiz, Single

MODULES = Path(__file__).parents[2] / "config/modules"
MOST_PAGES = 12


def quiz_of(code: str, language: str = "en") -> Quiz:
    """The quiz as a reader of this language gets it: in English where the module has no edition of theirs."""
    content = Library(MODULES).module(code)
    assert content is not None
    quiz = content.edition(language).quiz
    assert quiz is not None
    return quiz


def plain(text: str) -> str:
    """The text without the marks of Markdown and without what white space does, to compare source and page."""
    return " ".join(text.replace("*", "").replace("`", "").split())


def answer(frame: Frame, code: str, language: str = "en") -> None:
    """Fills in the whole quiz of a module, rightly."""
    for question in quiz_of(code, language).questions:
        if isinstance(question, Single | Multiple):
            right = {plain(choice.text) for choice in question.choices if choice.correct}
            for box in frame.locator("label", has=frame.locator(f'[name="{question.id}"]')).all():
                if plain(box.inner_text()) in right:
                    box.locator("input").check()
        elif isinstance(question, Match):
            texts = {option.id: plain(option.text) for option in question.options}
            for pair in question.pairs:
                field = frame.locator(f'[name="{question.id}.{pair.id}"]')
                shown = [plain(text) for text in field.locator("option").all_inner_texts()]
                field.select_option(index=shown.index(texts[pair.option]))
        else:
            frame.locator(f'[name="{question.id}"]').fill(question.accept[0])


def turn_to_english(frame: Frame, now: str) -> None:
    """From the language that the page calls `now`. The page that is left has the same links: its end is waited for."""
    frame.locator("summary", has_text=now).click()
    frame.get_by_role("button", name="English").click()
    frame.locator("html[lang=en]").wait_for()


def turn_page(frame: Frame) -> None:
    """To the next page of the module."""
    following = frame.locator('a[rel="next"]')
    address = following.get_attribute("href")
    following.click()
    frame.wait_for_url(f"**{address}*")


def read_to_the_quiz(frame: Frame) -> None:
    for _page in range(MOST_PAGES):
        if "/quiz" in frame.url:
            return
        turn_page(frame)
    raise AssertionError(f"no quiz after {MOST_PAGES} pages: {frame.url}")
