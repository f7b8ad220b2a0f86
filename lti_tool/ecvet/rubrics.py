"""Reading a rubric of a programme file: levels that rise by points, criteria that weigh. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from lti_tool.ecvet.common import take_facts, take_status, take_text
from lti_tool.ecvet.fields import Fields
from lti_tool.ecvet.frozen import Frozen
from lti_tool.ecvet.problems import Log
from lti_tool.ecvet.terms import Criterion, Rubric, RubricLevel, Text, tidy

LEVELS: Final = (2, 10)
"""How many levels a rubric has at least and at most."""
CRITERIA: Final = (1, 20)
MOST_POINTS: Final = 1000


def read_rubric(fields: Fields, read_id: Callable[[Fields], str], sources: Frozen[str], log: Log) -> Rubric:
    """The rubric in these fields. `read_id` takes an id that may become part of an address."""
    id = read_id(fields)
    levels = [
        _level(part, read_id, log)
        for node in fields.rows("levels", required=True)
        if (part := Fields.of(node, f"level of rubric {id}", log))
    ]
    _check_count(fields, "levels", len(levels), LEVELS, log)
    _check_once(fields, "level", [one.id for one in levels], log)
    names = tuple(one.id for one in levels)
    criteria = [
        _criterion(part, names, read_id, log)
        for node in fields.rows("criteria", required=True)
        if (part := Fields.of(node, f"criterion of rubric {id}", log))
    ]
    _check_count(fields, "criteria", len(criteria), CRITERIA, log)
    _check_once(fields, "criterion", [one.id for one in criteria], log)
    rubric = Rubric(
        id=id,
        title=take_text(fields, "title", log),
        levels=tuple(levels),
        criteria=tuple(criteria),
        status=take_status(fields),
        facts=take_facts(fields, sources, log),
        where=fields.where,
    )
    fields.end()
    return rubric


def _level(fields: Fields, read_id: Callable[[Fields], str], log: Log) -> RubricLevel:
    points = tidy(fields.number("points", most=MOST_POINTS))
    level = RubricLevel(read_id(fields), take_text(fields, "title", log), points)
    fields.end()
    return level


def _criterion(fields: Fields, levels: tuple[str, ...], read_id: Callable[[Fields], str], log: Log) -> Criterion:
    id = read_id(fields)
    fields.what = f"criterion {id}"
    weight = fields.number("weight", 1, most=MOST_POINTS)
    if weight == 0:
        do = "write a weight above 0, or take the criterion out"
        log.error(fields.where_of("weight"), "PROGRAMME-FIELD", f"{fields.what}: a weight of 0 counts nothing", do)
    described: dict[str, Text] = {}
    if inner := fields.fields("levels"):
        for name in inner.keys:
            described[name] = take_text(inner, name, log)
            if name not in levels:
                do = "write one of: " + ", ".join(levels)
                log.error(inner.where_of(name), "PROGRAMME-REFERENCE", f'there is no level "{name}"', do)
        inner.end()
    criterion = Criterion(id, take_text(fields, "title", log), tidy(weight), Frozen(described))
    fields.end()
    return criterion


def _check_count(fields: Fields, key: str, count: int, bounds: tuple[int, int], log: Log) -> None:
    least, most = bounds
    if fields.has(key) and not least <= count <= most:
        what = f"{fields.what}: {count} {key}"
        log.error(fields.where_of(key), "PROGRAMME-FIELD", what, f"write {least} to {most}")


def _check_once(fields: Fields, what: str, ids: Iterable[str], log: Log) -> None:
    seen: set[str] = set()
    for id in ids:
        if id and id in seen:
            where = fields.where
            log.error(where, "PROGRAMME-TWICE", f'{fields.what}: the {what} "{id}" stands here twice', "take one out")
        seen.add(id)
