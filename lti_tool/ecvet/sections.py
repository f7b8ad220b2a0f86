"""The definitions of a programme file and of the files it includes, gathered by section."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from lti_tool.ecvet.fields import Fields
from lti_tool.ecvet.marked import Leaf, Node, Row, Table, parse, plain
from lti_tool.ecvet.problems import Log, Where

FORMAT = 1
LISTED = ("frameworks", "modes", "credit_schemes", "institutions", "units", "modules", "rubrics")
NAMED = ("statuses", "sources", "project", "rules", "module_descriptions")
NOTES = ("conflicts",)  # read by people only
SECTIONS = (*LISTED, *NAMED, *NOTES)


@dataclass(frozen=True, slots=True)
class Include:
    """A file to be read as well: `path` from the programmes folder. `section`: the whole file is that section."""

    path: str
    section: str
    where: Where


@dataclass(slots=True)
class Sections:
    """What was defined: for each section the nodes by id (or name), in the order in which they were met."""

    root: Table
    found: dict[str, dict[str, Node]] = field(default_factory=lambda: {section: {} for section in SECTIONS})

    def of(self, section: str) -> dict[str, Node]:
        return self.found[section]


def includes(table: Table, file: str, log: Log) -> tuple[Include, ...]:
    """The files that this one includes. A path that leaves the programmes folder is a fault, and left out."""
    node = table.get("include")
    if node is None:
        return ()
    if not isinstance(node, Row):
        log.error(node.where, "PROGRAMME-INCLUDE", "`include` is not a list", "write each file on a line with `- `")
        return ()
    found = []
    for item in node.items:
        section = ""
        if isinstance(item, Table):
            fields = Fields(item, "include", log)
            path, section = fields.text("file"), fields.choice("as", (*LISTED, *NAMED))
            fields.end()
        else:
            path = str(item.value) if isinstance(item, Leaf) and isinstance(item.value, str) else ""
        if inside := _inside(path, file):
            found.append(Include(inside, section, item.where))
        else:
            do = "write a path such as shared/units.yaml, within the folder of the programme file"
            log.error(item.where, "PROGRAMME-INCLUDE", f'"{path}" cannot be included', do)
    return tuple(found)


def _inside(path: str, file: str) -> str:
    """The path from the programmes folder; "" where it is absolute, leaves that folder or is no YAML file."""
    if not path or path.startswith("/") or "\\" in path or ":" in path or "\0" in path:
        return ""
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    return "" if joined.startswith("..") or not joined.endswith((".yaml", ".yml")) else joined


def gather(name: str, texts: Mapping[str, str], log: Log) -> Sections | None:
    """All definitions that the file `name` leads to; None where that file itself cannot be read."""
    root = parse(texts[name], name, log)
    if root is None:
        return None
    sections = Sections(root)
    seen = {name}
    _take(root, name, sections, log, root=True)
    _follow(root, name, (name,), seen, texts, sections, log)
    return sections


def _follow(
    table: Table, file: str, chain: tuple[str, ...], seen: set[str], texts: Mapping[str, str], into: Sections, log: Log
) -> None:
    for include in includes(table, file, log):
        if include.path in chain:
            circle = " → ".join((*chain, include.path))
            log.error(include.where, "PROGRAMME-INCLUDE", f"files include one another in a circle: {circle}", "cut it")
        elif include.path not in texts:
            do = "create it or take this line out"
            log.error(include.where, "PROGRAMME-INCLUDE", f"there is no file {include.path}", do)
        elif include.path not in seen:
            seen.add(include.path)
            part = parse(texts[include.path], include.path, log)
            if part is None:
                continue
            if include.section:
                _section(include.section, part, into, log)
            else:
                _take(part, include.path, into, log, root=False)
                _follow(part, include.path, (*chain, include.path), seen, texts, into, log)


def _take(table: Table, file: str, into: Sections, log: Log, root: bool) -> None:
    fields = Fields(table, "file" if root else "shared file", log)
    fields.node("include")
    if root:
        if fields.whole("format", least=1) not in (0, FORMAT):
            log.error(fields.where_of("format"), "PROGRAMME-FORMAT", "this format is not known here", "write format: 1")
        fields.node("programme")
        fields.node("iri")
    for section in SECTIONS:
        node = fields.node(section)
        if node is not None:
            _section(section, node, into, log)
    fields.end()


def _section(section: str, node: Node, into: Sections, log: Log) -> None:
    if section in NOTES:
        return
    found = into.found[section]
    for id, definition in _entries(section, node, log):
        if id in found:
            do = f"take one out (the other: {found[id].where})"
            log.error(definition.where, "PROGRAMME-TWICE", f'{section}: "{id}" is defined a second time', do)
        found.setdefault(id, definition)


def _entries(section: str, node: Node, log: Log) -> list[tuple[str, Node]]:
    if section in NAMED:
        if isinstance(node, Table):
            return list(node.entries)
        log.error(node.where, "PROGRAMME-FIELD", f"`{section}` is not a mapping", "write lines such as `name: …`")
        return []
    if not isinstance(node, Row):
        log.error(node.where, "PROGRAMME-FIELD", f"`{section}` is not a list", "begin each entry with `- id: …`")
        return []
    entries: list[tuple[str, Node]] = []
    for item in node.items:
        fields = Fields.of(item, section, log)
        if fields and (id := fields.text("id")):
            entries.append((id, item))
    return entries


def canonical(node: Node | None) -> object:
    """Values alone, with 3.0 as 3: what a version is computed from."""
    return _tidy(plain(node)) if node is not None else None


def _tidy(value: object) -> object:
    if isinstance(value, dict):
        return {key: _tidy(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_tidy(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
