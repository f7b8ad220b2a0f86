"""YAML text as plain values that remember their line.

A narrow YAML is read on purpose, as files come from people of many institutions: no anchors or aliases (a few lines
of them can stand for gigabytes), no tags (they name code), no key twice (one of the two would be lost silently), and
plain words stay words: only true, false, null and numbers are anything else, so `no` is Norwegian and not false.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from lti_tool.ecvet.problems import Log, Where

MOST_CHARACTERS = 1_000_000
MOST_VALUES = 100_000
MOST_DEPTH = 20

Scalar = str | int | float | bool | None
Plain = Scalar | list["Plain"] | dict[str, "Plain"]


@dataclass(frozen=True, slots=True)
class Leaf:
    value: Scalar
    where: Where


@dataclass(frozen=True, slots=True)
class Row:
    items: tuple[Node, ...]
    where: Where


@dataclass(frozen=True, slots=True)
class Table:
    entries: tuple[tuple[str, Node], ...]
    where: Where

    def get(self, key: str) -> Node | None:
        return next((node for name, node in self.entries if name == key), None)


Node = Leaf | Row | Table

_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+\Z")
_WORDS: dict[str, Scalar] = {"": None, "null": None, "~": None, "true": True, "false": False}
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class _Open:
    """A list or mapping that is still being read."""

    where: Where
    mapping: bool
    keys: dict[str, int]
    nodes: list[Node]
    key: str | None = None


def parse(text: str, file: str, log: Log) -> Table | None:
    """The mapping in `text`, or None where it is none; every fault found is in `log`."""
    if len(text) > MOST_CHARACTERS:
        log.error(Where(file, 1), "YAML-SIZE", f"the file has over {MOST_CHARACTERS:,} characters", "split it")
        return None
    try:
        root = _build(text, file, log)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else 1
        log.error(Where(file, line), "YAML-SYNTAX", what, "check indentation, colons and quotes on this line and above")
        return None
    except yaml.YAMLError as error:
        what = str(error).splitlines()[0]
        log.error(Where(file, 1), "YAML-SYNTAX", what, "save the file as UTF-8 text")
        return None
    if root is None or not isinstance(root, Table):
        where = root.where if root else Where(file, 1)
        log.error(where, "YAML-SHAPE", "the file is not a mapping", "begin with lines such as `programme:`")
        return None
    return root


def plain(node: Node) -> Plain:
    """The values alone, without lines."""
    if isinstance(node, Table):
        return {key: plain(value) for key, value in node.entries}
    if isinstance(node, Row):
        return [plain(item) for item in node.items]
    return node.value


def _build(text: str, file: str, log: Log) -> Node | None:
    # Events are read one by one and kept on a list, not by recursion: depth and number are known before they hurt.
    stack: list[_Open] = []
    root: Node | None = None
    count = 0
    documents = 0
    for event in yaml.parse(text, Loader=_PARSER):
        where = Where(file, event.start_mark.line + 1 if event.start_mark else 1)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                log.error(where, "YAML-SHAPE", "a second document begins here", "take the `---` out")
                return root
            continue
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            log.error(where, "YAML-ANCHOR", "anchors (&) and aliases (*) are not read here", "write the value out")
            if isinstance(event, yaml.AliasEvent):
                root = _put(stack, Leaf(None, where), root, log)
                continue
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":  # "!" is what PyYAML notes on a quoted scalar
            log.error(where, "YAML-TAG", f"the tag {tag} is not read here", "take it out")
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            stack.append(_Open(where, isinstance(event, yaml.MappingStartEvent), {}, []))
            if len(stack) > MOST_DEPTH:
                log.error(where, "YAML-DEPTH", f"values stand over {MOST_DEPTH} levels deep", "flatten this part")
                return None
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            root = _put(stack, _close(stack.pop()), root, log)
        elif isinstance(event, yaml.ScalarEvent):
            root = _put(stack, Leaf(_scalar(event), where), root, log)
        count += 1
        if count > MOST_VALUES:
            log.error(where, "YAML-SIZE", f"the file has over {MOST_VALUES:,} values", "split it")
            return None
    return root


def _scalar(event: yaml.ScalarEvent) -> Scalar:
    value = str(event.value)
    if event.style:
        return value
    if value in _WORDS:
        return _WORDS[value]
    if len(value) < 20 and _WHOLE.match(value):
        return int(value)
    if len(value) < 20 and _DECIMAL.match(value):
        return float(value)
    return value


def _put(stack: list[_Open], node: Node, root: Node | None, log: Log) -> Node | None:
    if not stack:
        return node
    top = stack[-1]
    if not top.mapping:
        top.nodes.append(node)
    elif top.key is None:
        top.key = _key(node, log)
        if top.key in top.keys:
            do = f"keep one (the other is on line {top.keys[top.key]})"
            log.error(node.where, "YAML-TWICE", f'"{top.key}" stands here a second time', do)
        else:
            top.keys[top.key] = node.where.line
    else:
        top.nodes.append(Table(((top.key, node),), node.where))
        top.key = None
    return root


def _key(node: Node, log: Log) -> str:
    if isinstance(node, Leaf) and isinstance(node.value, str) and node.value != "<<":
        return node.value
    log.error(node.where, "YAML-KEY", "a key here is no plain word", 'write it as text, in quotes: "1.1":')
    return f"(key on line {node.where.line})"


def _close(done: _Open) -> Node:
    if not done.mapping:
        return Row(tuple(done.nodes), done.where)
    entries = tuple(pair for entry in done.nodes if isinstance(entry, Table) for pair in entry.entries)
    return Table(entries, done.where)
