"""What many definitions have in common: translated text, status, facts, references."""

from __future__ import annotations

import re

from lti_tool.ecvet.fields import Fields
from lti_tool.ecvet.frozen import Frozen
from lti_tool.ecvet.marked import Leaf, Node, Row, Table, plain
from lti_tool.ecvet.problems import Log
from lti_tool.ecvet.terms import STATUSES, Fact, Framework, Reference, Status, Text

_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")


def read_text(node: Node | None, what: str, log: Log) -> Text:
    """A text by language; empty, with the fault logged, where it has no English."""
    fields = Fields.of(node, what, log)
    if fields is None:
        return Text()
    words: dict[str, str] = {}
    for language in fields.keys:
        if not _LANGUAGE.match(language):
            do = "write a two-letter code such as en, lv, bg, el, it"
            log.error(fields.where_of(language), "PROGRAMME-FIELD", f'{what}: "{language}" is no language', do)
            fields.has(language)
        else:
            words[language] = fields.text(language).strip()
    if "en" not in words:
        log.error(fields.where, "PROGRAMME-FIELD", f"{what} has no English text", "add `en: …`")
    return Text(words)


def take_text(fields: Fields, key: str, log: Log, required: bool = True) -> Text:
    node = fields.node(key)
    if node is None and required:
        log.error(fields.where, "PROGRAMME-FIELD", f"{fields.what}: `{key}` is missing", f"add `{key}:` with `en: …`")
    return read_text(node, f"{fields.what}: {key}", log)


def take_status(fields: Fields) -> Status:
    """The status of a definition; what says nothing counts as reconstructed, so that nothing passes as official."""
    return fields.choice("status", STATUSES, "reconstructed")


def take_facts(fields: Fields, sources: Frozen[str], log: Log) -> tuple[Fact, ...]:
    inner = fields.fields("facts")
    return read_facts(inner, sources, log) if inner else ()


def read_facts(fields: Fields, sources: Frozen[str], log: Log) -> tuple[Fact, ...]:
    found = []
    for about in fields.keys:
        part = fields.fields(about)
        if part is None:
            continue
        named = part.words("source")
        for source in named:
            if source not in sources:
                do = "add it under `sources:`, or correct the name"
                log.error(part.where_of("source"), "PROGRAMME-REFERENCE", f'there is no source "{source}"', do)
        value = part.node("value")
        found.append(
            Fact(
                about=about,
                status=part.choice("status", STATUSES),
                sources=named,
                note=part.text("note", ""),
                value=_shown(value) if value else "",
                alternative=part.text("alternative", ""),
            )
        )
        part.end()
    fields.end()
    return tuple(found)


def _shown(node: Node) -> str:
    if isinstance(node, Row):
        return ", ".join(_shown(item) for item in node.items)
    return str(plain(node))


def take_references(fields: Fields, frameworks: dict[str, Framework], log: Log) -> tuple[Reference, ...]:
    inner = fields.fields("references")
    if inner is None:
        return ()
    found = []
    for name in inner.keys:
        framework = frameworks.get(name)
        rows = inner.rows(name)
        if framework is None:
            do = "write one of: " + ", ".join(frameworks)
            log.error(inner.where_of(name), "PROGRAMME-REFERENCE", f'there is no framework "{name}"', do)
            continue
        found += [reference for item in rows if (reference := _reference(item, framework, log))]
    inner.end()
    return tuple(found)


def _reference(item: Node, framework: Framework, log: Log) -> Reference | None:
    level = None
    if isinstance(item, Table):
        part = Fields(item, "reference", log)
        id = part.text("competence")
        level = part.whole("level", least=1, most=framework.levels or 8) if part.has("level") else None
        part.end()
    else:
        value = item.value if isinstance(item, Leaf) else None
        id = value if isinstance(value, str) else ""
        if not id:
            shown = f'"{value}"' if value is not None else '"1.1"'
            log.error(item.where, "PROGRAMME-FIELD", "a reference is not a text", f"write it in quotes: {shown}")
            return None
    if framework.competence(id) is None:
        do = f"look it up under frameworks: {framework.id}"
        log.error(item.where, "PROGRAMME-REFERENCE", f'{framework.id} has no competence "{id}"', do)
        return None
    return Reference(framework.id, id, level)
