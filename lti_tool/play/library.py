"""The modules on disk: read when a file of theirs has changed, and kept.

What is on disk may come from an upload: names that lead out of the folder, links, huge files and strange kinds are not
followed, not read and not served.
"""

from __future__ import annotations

import logging
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lti_tool.ecvet.problems import Log, Problem, Where
from lti_tool.play.content import Content, ContentInvalid, read
from lti_tool.play.markup import MEDIA, media_name, suffix

CODE = "MODULE-FILE"
MOST_TEXT = 256 * 1024
MOST_MEDIA = 256 * 1024 * 1024
MOST_PICTURE = 8 * 1024 * 1024
MOST_FILES = 500

_MODULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}\Z")
_TEXTS = (".md", ".yaml")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The files of a module at a moment: path from its folder, time of change in nanoseconds, size in bytes."""

    files: tuple[tuple[str, int, int], ...]
    problems: tuple[Problem, ...]


class Library:
    """The modules in a folder, by code. A changed file is seen at the next look; a module that an edit broke stays
    as it was for those who read it, until it is mended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, tuple[_Shelf, Content]] = {}
        self._broken: dict[str, tuple[_Shelf, ContentInvalid]] = {}

    def codes(self) -> tuple[str, ...]:
        """Codes of all modules that have a folder, sorted."""
        if not self._folder.is_dir():
            return ()
        return tuple(sorted(one.name for one in self._folder.iterdir() if _MODULE.match(one.name) and _is_folder(one)))

    def module(self, code: str) -> Content | None:
        """The content of a module, None where it has none. Raises ContentInvalid where it cannot be read and never
        could."""
        if not _MODULE.match(code) or not _is_folder(self._folder / code):
            return None
        shelf = self._look(code)
        kept = self._kept.get(code)
        if kept and kept[0] == shelf:
            return kept[1]
        broken = self._broken.get(code)
        if broken is None or broken[0] != shelf:
            try:
                content = self._read(code, shelf)
            except ContentInvalid as invalid:
                _log.error("module %s cannot be read:\n%s", code, invalid)
                broken = self._broken[code] = (shelf, invalid)
            else:
                self._kept[code] = (shelf, content)
                return content
        if kept:
            return kept[1]
        raise broken[1]

    def media(self, code: str, name: str) -> Path | None:
        """The file of a module's medium; None where there is none that may be shown."""
        if not _MODULE.match(code) or media_name(f"media/{name}") != name:
            return None
        path = self._folder / code / "media" / name
        if not _is_folder(self._folder / code) or not _is_folder(path.parent):
            return None
        size = _size(path)
        return path if size is not None and size <= _most(name) else None

    def check(self) -> tuple[Problem, ...]:
        """Everything that is wrong with any module, by file and line."""
        found: list[Problem] = []
        for code in self.codes():
            try:
                self._read(code, self._look(code))
            except ContentInvalid as invalid:
                found.extend(invalid.problems)
        return tuple(found)

    def _read(self, code: str, shelf: _Shelf) -> Content:
        folder = self._folder / code
        texts: dict[str, str] = {}
        problems = list(shelf.problems)
        media = set()
        for name, _changed, _size in shelf.files:
            if name.startswith("media/"):
                media.add(name.removeprefix("media/"))
                continue
            try:
                texts[name] = (folder / name).read_text(encoding="utf-8-sig")
            except UnicodeDecodeError:
                where = Where(f"{code}/{name}", 1)
                problems.append(Problem(where, CODE, "the file is not UTF-8 text", "save it as UTF-8"))
            except OSError as error:
                where = Where(f"{code}/{name}", 1)
                problems.append(Problem(where, CODE, f"the file cannot be read ({error.strerror})", "put it there"))
        try:
            content = read(code, texts, media)
        except ContentInvalid as invalid:
            raise ContentInvalid([*problems, *invalid.problems]) from None
        if problems:
            raise ContentInvalid(problems)
        return content

    def _look(self, code: str) -> _Shelf:
        log = Log()
        files: list[tuple[str, int, int]] = []
        folder = self._folder / code
        for path in _walk(folder, depth=2):
            name = path.relative_to(folder).as_posix()
            where = Where(f"{code}/{name}", 1)
            known = _known(path)
            if known is None:
                log.error(where, CODE, "this is a link or no plain file", "put the file itself here")
                continue
            changed, size = known
            if not _wanted(name):
                do = "take it away; pages end in .md, media in " + ", ".join(sorted(MEDIA))
                log.error(where, CODE, "a file of this kind or name is not used here", do)
            elif size > (_most(name) if name.startswith("media/") else MOST_TEXT):
                log.error(where, CODE, f"the file has {size:,} bytes", "make it smaller")
            else:
                files.append((name, changed, size))
            if len(files) > MOST_FILES:
                log.error(where, CODE, f"there are over {MOST_FILES} files", "split the module")
                break
        return _Shelf(tuple(files), log.problems)


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    """Files below the folder, sorted; links to folders and what is deeper come as if they were files."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if _is_folder(path) and depth > 1:
            yield from _walk(path, depth - 1)
        else:
            yield path


def _wanted(name: str) -> bool:
    if name.startswith("media/"):
        return media_name(name) is not None
    return name.count("/") <= 1 and suffix(name) in _TEXTS


def _most(name: str) -> int:
    return MOST_PICTURE if MEDIA.get(suffix(name), "").startswith("image/") else MOST_MEDIA


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _known(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size) if stat.S_ISREG(found.st_mode) else None


def _size(path: Path) -> int | None:
    known = _known(path)
    return known[1] if known else None
