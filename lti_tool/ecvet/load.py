"""Programme files from a folder. The only file here that opens any; what they mean is programme.py's business."""

from __future__ import annotations

from pathlib import Path

from lti_tool.ecvet.marked import parse
from lti_tool.ecvet.problems import Log, Problem, ProgrammeInvalid, Where
from lti_tool.ecvet.programme import read
from lti_tool.ecvet.sections import includes
from lti_tool.ecvet.terms import Programme

MOST_BYTES = 4_000_000
MOST_FILES = 200


def load(path: Path) -> Programme:
    """The programme in this file, with all that it includes from its folder. Raises ProgrammeInvalid."""
    return read(path.name, texts(path))


def load_all(folder: Path) -> tuple[Programme, ...]:
    """The programmes of all *.yaml directly in this folder, by file name; shared parts stand in folders below it.
    Raises ProgrammeInvalid with the faults of all files, also where two programmes have one id."""
    log = Log()
    found: list[Programme] = []
    faults: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            found.append(load(path))
        except ProgrammeInvalid as invalid:
            faults += invalid.problems
    by_id: dict[str, Programme] = {}
    for programme in found:
        if other := by_id.get(programme.id):
            do = f"give one of them another id (the other: {other.where})"
            log.error(programme.where, "PROGRAMME-TWICE", f'the id "{programme.id}" is taken', do)
        by_id[programme.id] = programme
    if faults or log.problems:
        raise ProgrammeInvalid([*faults, *log.problems])
    return tuple(found)


def texts(path: Path) -> dict[str, str]:
    """The text of the file and of those it includes, by path from its folder. What an included file cannot be read
    for (missing, a link that leaves the folder) is left out: `read` says so with the line that names it. Raises
    ProgrammeInvalid where the file itself cannot be read."""
    folder = path.parent.resolve()
    found: dict[str, str] = {}
    waiting: list[tuple[str, bool]] = [(path.name, True)]
    while waiting and len(found) < MOST_FILES:
        name, may_include = waiting.pop()
        text = None if name in found else _text(folder, name)
        if text is None:
            continue
        found[name] = text
        unread = Log()  # `read` will find the same faults again, and tell them
        table = parse(text, name, unread) if may_include else None
        if table is not None:
            waiting += [(part.path, not part.section) for part in includes(table, name, unread)]
    if not found:
        log = Log()
        do = "check the name, and that it is UTF-8 text"
        log.error(Where(path.name, 1), "PROGRAMME-FILE", f"{path} cannot be read", do)
        raise ProgrammeInvalid(log.problems)
    return found


def _text(folder: Path, name: str) -> str | None:
    path = folder / name
    try:
        # A symbolic link must not lead out of the folder: its target may be anything on this machine.
        if not path.resolve().is_relative_to(folder) or path.stat().st_size > MOST_BYTES:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
