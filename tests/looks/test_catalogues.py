"""The catalogues hold every message of the source, complete and with the placeholders of the source."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
TRANSLATED = ("lv", "bg", "el", "it")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]")
Key = tuple[str, str | None]


def catalogue(language: str) -> Catalog:
    with (ROOT / "lti_tool/translations" / language / "LC_MESSAGES/messages.po").open("rb") as stream:
        return read_po(stream)


def messages(of: Catalog) -> Iterator[Message]:
    """All but the header, whose id is empty."""
    return (message for message in of if message.id)


def ids(message: Message) -> tuple[str, ...]:
    """The English sentence; singular and plural where it counts something."""
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def keys(of: Catalog) -> set[Key]:
    return {(ids(message)[-1], message.context) for message in messages(of)}


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What `make messages` would extract now: its own command line, only written elsewhere."""
    recipe = next(line for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if "/pybabel extract" in line)
    words = shlex.split(recipe)
    template = tmp_path_factory.mktemp("catalogues") / "messages.pot"
    words[words.index("-o") + 1] = str(template)
    with contextlib.chdir(ROOT):
        command = CommandLineInterface()
        command.run(["pybabel", "--quiet", *words[1:]])  # type: ignore[no-untyped-call]  # Babel gives it no types
    with template.open("rb") as stream:
        return read_po(stream)


def test_the_source_has_messages_of_python_templates_and_contexts(source: Catalog) -> None:
    found = keys(source)
    assert len(found) > 500
    assert {("Open my record", None), ("You are not in this programme.", None), ("validated", "state")} <= found


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
def test_a_catalogue_has_the_messages_of_the_source_and_no_others(language: str, source: Catalog) -> None:
    held = keys(catalogue(language))
    assert sorted(keys(source) - held, key=str) == [], "run make messages, then translate"
    assert sorted(held - keys(source), key=str) == [], "run make messages"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_in_every_plural_form(language: str) -> None:
    read = catalogue(language)
    left = [
        ids(message)[0]
        for message in messages(read)
        if not all(form.strip() for form in forms(message))
        or len(forms(message)) != (read.num_plurals if message.pluralizable else 1)
    ]
    assert left == []


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
def test_no_message_is_a_guess(language: str) -> None:
    assert [ids(message)[0] for message in messages(catalogue(language)) if message.fuzzy] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_source(language: str) -> None:
    wrong = [
        form
        for message in messages(catalogue(language))
        for form in forms(message)
        if form and placeholders(form) != placeholders(ids(message)[-1])
    ]
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_percent_sign_alone_stands_nowhere(language: str) -> None:
    """Sentences are filled in with `%`: one that stands alone breaks the page."""
    wrong = [
        form
        for message in messages(catalogue(language))
        for form in forms(message)
        if "%" in PLACEHOLDER.sub("", form).replace("%%", "")
    ]
    assert wrong == []


def test_english_is_the_source_itself() -> None:
    wrong = [
        ids(message) for message in messages(catalogue("en")) if any(forms(message)) and forms(message) != ids(message)
    ]
    assert wrong == []


def test_latvian_plurals_stand_in_the_order_of_the_catalogue() -> None:
    """One, many, none: "1 diena, 2 dienas, 0 dienu". Others list the forms in another order, and nobody notices.

    Where it is a noun alone, the form for one is what readers see with 1, 21, 31: never the genitive of many.
    """
    wrong = [
        forms(message)
        for message in messages(catalogue("lv"))
        if message.pluralizable and re.fullmatch(r"%\(num\)s \w+u", forms(message)[0])
    ]
    assert wrong == []
