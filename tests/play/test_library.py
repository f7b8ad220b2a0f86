"""Files of modules may come from anybody: nothing outside of the folder is read, nothing huge, nothing strange."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lti_tool.play import library as libraries
from lti_tool.play.content import ContentInvalid
from lti_tool.play.library import Library
from tests.play.conftest import write_module


@pytest.fixture
def home(modules: Path) -> Path:
    return modules / "M01"


def test_a_changed_file_is_seen_and_an_unchanged_one_is_not_read_again(modules: Path, home: Path) -> None:
    library = Library(modules)
    first = library.module("M01")
    assert library.module("M01") is first
    page = home / "en" / "01-page-1.md"
    page.write_text(page.read_text().replace("Title 1", "A new title"))
    changed = library.module("M01")
    assert changed is not None
    assert changed.edition("en").pages[0].title == "A new title"


def test_an_edit_that_breaks_a_module_does_not_take_it_from_its_readers(modules: Path, home: Path) -> None:
    library = Library(modules)
    first = library.module("M01")
    (home / "module.yaml").write_text("id: [")
    assert library.module("M01") is first
    with pytest.raises(ContentInvalid):
        Library(modules).module("M01")
    assert next(problem.where.file for problem in library.check()) == "M01/module.yaml"


def test_a_module_that_is_not_there_is_none(modules: Path) -> None:
    library = Library(modules)
    assert library.module("M02") is None
    for name in ("..", ".", "../modules/M01", "M01/en", "", "M01\0"):
        assert library.module(name) is None
    assert Library(modules / "nowhere").codes() == ()


@pytest.mark.parametrize("name", ["x.svg", "x.png"])
def test_a_link_is_neither_read_nor_served(modules: Path, home: Path, name: str) -> None:
    secret = modules.parent / "secret.svg"
    secret.write_text("<svg/>")
    (home / "media").mkdir()
    (home / "media" / name).symlink_to(secret)
    library = Library(modules)
    assert library.media("M01", name) is None
    assert [problem.where.file for problem in library.check()] == [f"M01/media/{name}"]


def test_linked_folders_and_pages_are_not_followed(modules: Path, home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.svg").write_text("<svg/>")
    (home / "media").symlink_to(elsewhere)
    (home / "en" / "04-page-4.md").symlink_to(tmp_path / "elsewhere")
    (modules / "M02").symlink_to(home)
    library = Library(modules)
    assert library.media("M01", "a.svg") is None
    assert library.codes() == ("M01",)
    assert library.module("M02") is None
    assert {problem.where.file for problem in library.check()} == {"M01/media", "M01/en/04-page-4.md"}


@pytest.mark.parametrize("name", ["../module.yaml", "..", "a.svg/", "x/../a.svg", "a.html", ".a.svg", "a.svg\0", ""])
def test_media_are_plain_names(modules: Path, home: Path, name: str) -> None:
    (home / "media").mkdir()
    (home / "media" / "a.svg").write_text("<svg/>")
    library = Library(modules)
    assert library.media("M01", "a.svg") == home / "media" / "a.svg"
    assert library.media("M01", name) is None


def test_what_is_too_large_is_not_read(modules: Path, home: Path) -> None:
    (home / "media").mkdir()
    for name, size in (("media/a.png", libraries.MOST_PICTURE), ("en/04-page-4.md", libraries.MOST_TEXT)):
        with (home / name).open("wb") as file:
            file.truncate(size + 1)
    library = Library(modules)
    assert library.media("M01", "a.png") is None
    found = {problem.where.file: problem.what for problem in library.check()}
    assert set(found) == {"M01/media/a.png", "M01/en/04-page-4.md"}
    assert all("bytes" in what for what in found.values())


def test_strange_files_are_named_and_hidden_ones_ignored(modules: Path, home: Path) -> None:
    (home / ".DS_Store").write_text("x")
    (home / "en" / "run.sh").write_text("x")
    os.mkfifo(home / "en" / "05-pipe.md")
    (home / "en" / "06-deep").mkdir()
    (home / "en" / "07-bytes.md").write_bytes(b"---\ntitle: \xff\n---\n")
    found = {problem.where.file for problem in Library(modules).check()}
    assert found == {"M01/en/run.sh", "M01/en/05-pipe.md", "M01/en/06-deep", "M01/en/07-bytes.md"}


def test_all_modules_are_checked_at_once(modules: Path) -> None:
    for code in ("M02", "M03"):
        (write_module(modules, code) / "module.yaml").unlink()
    assert {problem.where.file for problem in Library(modules).check()} == {"M02/module.yaml", "M03/module.yaml"}
