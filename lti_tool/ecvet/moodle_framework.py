"""Programmes and competence frameworks as Moodle competency frameworks, and back. Pure.

A programme is one competency at the top with its units below and their learning outcomes below those. Points become
Moodle's rule "points", which can count whole ones only. Below each text stand its kind and references in words; class
names, which Moodle keeps, tell them apart when the file comes back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from lxml import html

from lti_tool.ecvet.definitions import KINDS
from lti_tool.ecvet.facts import reference_line
from lti_tool.ecvet.facts_words import VALUES
from lti_tool.ecvet.frozen import Frozen
from lti_tool.ecvet.moodle_csv import SHORT, Line
from lti_tool.ecvet.terms import Competence, Framework, Outcome, Programme, Text, Unit

SCALE = "Not yet achieved,Achieved"
# The number of the scale is Moodle's to fill in; the second value is the default and the proficient one.
SCALE_CONFIG = '[{"scaleid":"0"},{"id":2,"scaledefault":1,"proficient":1}]'
ALL = r"core_competency\competency_rule_all"
POINTS = r"core_competency\competency_rule_points"
COMPLETE, RECOMMEND = "2", "3"
AREA = "area-"
"""Before the ID number of an area, as a competence may have the same."""


@dataclass(frozen=True, slots=True)
class FoundOutcome:
    """An outcome as a Moodle framework holds it. `kind` is "" where nothing tells it."""

    id: str
    kind: str
    text: Text


@dataclass(frozen=True, slots=True)
class FoundUnit:
    """A unit as a Moodle framework holds it. `points` is None where no rule counts them."""

    id: str
    title: Text
    points: int | None
    outcomes: tuple[FoundOutcome, ...]


def from_programme(programme: Programme, language: str = "en", languages: Sequence[str] = ()) -> tuple[Line, ...]:
    """The programme as a framework, short names in `language`. `languages`: descriptions in all of these, for Moodle's
    filter "multi-language content"; otherwise in `language` alone."""
    spoken = tuple(languages) or (language,)
    numbers = {unit.id: number for number, unit in enumerate(programme.units, 2)}
    whole = all(isinstance(unit.points, int) for unit in programme.units) and programme.points >= 1
    required = [unit for unit in programme.units if unit.compulsory]
    rule = {
        "base": {"points": int(sum(unit.points for unit in required))},
        "competencies": [
            {"id": numbers[unit.id], "points": int(unit.points), "required": int(unit.compulsory)}
            for unit in programme.units
        ],
    }
    lines = [
        _head(
            programme.id, programme.title.in_(language), _said(programme.profile, spoken), "domain,competency,outcome"
        ),
        Line(
            id=programme.id,
            short=_short(programme.title.in_(language)),
            description=_paragraph(_said(programme.title, spoken), "ecvet-programme"),
            rule_type=POINTS if whole else ALL,
            rule_outcome=RECOMMEND,
            rule_config=json.dumps(rule, separators=(",", ":")) if whole else "null",
            export_id="1",
        ),
    ]
    for unit in programme.units:
        lines.append(_unit(programme, unit, numbers[unit.id], language, spoken))
        lines += [_outcome(programme, unit, outcome, language, spoken) for outcome in unit.outcomes]
    return tuple(lines)


def from_framework(framework: Framework, language: str = "en", languages: Sequence[str] = ()) -> tuple[Line, ...]:
    """A competence framework with its areas, to which outcomes of programmes refer."""
    spoken = tuple(languages) or (language,)
    title = f"{framework.title.in_(language)} {framework.version}"
    areas = [
        Line(
            id=AREA + id,
            short=_short(text.in_(language)),
            description=_paragraph(_said(text, spoken), "ecvet-text"),
        )
        for id, text in framework.areas.items()
        if any(one.area == id for one in framework.competences)
    ]
    competences = [
        Line(
            id=one.id,
            short=_short(one.title.in_(language)),
            description=_paragraph(_said(one.title, spoken), "ecvet-text"),
            parent=AREA + one.area if one.area else "",
        )
        for one in framework.competences
    ]
    terms = "domain,competency" if areas else "competency"
    head = _head(framework.id, title, _paragraph(_html(framework.source)) if framework.source else "", terms)
    return (head, *areas, *competences)


def units_of(lines: Sequence[Line], language: str = "en") -> tuple[FoundUnit, ...]:
    """The units and outcomes in a framework: a programme of ours again, or what stands at the top of any other
    framework as units, and all that lies below each as its outcomes. `language`: of texts in one language."""
    below: dict[str, list[Line]] = {}
    for line in lines:
        if not line.is_framework:
            below.setdefault(line.parent, []).append(line)
    tops = below.get("", [])
    points: dict[str, int] = {}
    if len(tops) == 1 and tops[0].id == lines[0].id:
        points = _points(tops[0], below.get(tops[0].id, []))
        tops = below.get(tops[0].id, [])
    return tuple(
        FoundUnit(
            line.id,
            _text(line, "ecvet-text", language),
            points.get(line.export_id),
            tuple(FoundOutcome(one.id, _kind(one), _text(one, "ecvet-text", language)) for one in _under(line, below)),
        )
        for line in tops
    )


def framework_of(lines: Sequence[Line], language: str = "en") -> Framework:
    """Any Moodle framework as one to which outcomes may refer: what has others below it is an area, all else a
    competence in the nearest one above. `language`: of texts in one language."""
    head, *rest = lines
    parents = {line.parent for line in rest}
    texts = {line.id: _text(line, "ecvet-text", language) for line in rest}
    return Framework(
        id=head.id,
        title=Text({"en": head.short}),
        version="from Moodle",
        competences=tuple(
            Competence(line.id, texts[line.id], line.parent.removeprefix(AREA))
            for line in rest
            if line.id not in parents
        ),
        areas=Frozen({line.id.removeprefix(AREA): texts[line.id] for line in rest if line.id in parents}),
        source="a Moodle competency framework",
        languages=tuple(dict.fromkeys(code for text in texts.values() for code in text)) or ("en",),
    )


def _head(id: str, title: str, description: str, taxonomies: str) -> Line:
    return Line(
        id=id,
        short=_short(title),
        description=description,
        is_framework=True,
        scale_values=SCALE,
        scale_config=SCALE_CONFIG,
        taxonomies=taxonomies,
    )


def _unit(programme: Programme, unit: Unit, number: int, language: str, spoken: Sequence[str]) -> Line:
    # With a person's assessment a unit is proposed to reviewers in Moodle, without one it is complete.
    criteria = _paragraph(_said(unit.assessment.criteria, spoken), "ecvet-criteria")
    return Line(
        id=unit.id,
        short=_short(f"{unit.id} {unit.title.in_(language)}"),
        description=_paragraph(_said(unit.title, spoken), "ecvet-text") + criteria,
        parent=programme.id,
        rule_type=ALL if unit.outcomes else "",
        rule_outcome=(RECOMMEND if unit.assessment.by_person else COMPLETE) if unit.outcomes else "0",
        rule_config="null",
        export_id=str(number),
    )


def _outcome(programme: Programme, unit: Unit, outcome: Outcome, language: str, spoken: Sequence[str]) -> Line:
    references = "".join(
        f"<li>{_html(reference_line(programme, reference, language))}</li>" for reference in outcome.references
    )
    return Line(
        id=outcome.id,
        short=_short(f"{outcome.id} {outcome.text.in_(language)}"),
        description=_paragraph(_said(outcome.text, spoken), "ecvet-text")
        + _paragraph(_html(VALUES[outcome.kind]), f"ecvet-kind ecvet-{outcome.kind}")
        + (f'<ul class="ecvet-references">{references}</ul>' if references else ""),
        parent=unit.id,
        rule_outcome="0",
        rule_config="null",
    )


def _short(text: str) -> str:
    """At most SHORT characters, cut between words, and nothing that Moodle takes for a tag."""
    text = " ".join(text.split()).replace("<", "‹").replace(">", "›").replace("\\", "/")
    return text if len(text) <= SHORT else text[: SHORT - 1].rpartition(" ")[0].rstrip(" ,;:") + "…"


def _html(text: str) -> str:
    return escape(text).replace("\\", "&#92;")


def _paragraph(inner: str, name: str = "") -> str:
    return f'<p class="{name}">{inner}</p>' if name else f"<p>{inner}</p>"


def _said(text: Text, languages: Sequence[str]) -> str:
    if len(languages) == 1:
        return _html(text.in_(languages[0]))
    return "".join(
        f'<span lang="{code}" class="multilang">{_html(text[code])}</span>' for code in languages if code in text
    )


def _points(top: Line, units: Iterable[Line]) -> dict[str, int]:
    """Points by exported id, as the rule "points" of the top counts them."""
    try:
        config = json.loads(top.rule_config) if top.rule_type.strip("\\") == POINTS else {}
        found = {str(one["id"]): int(one["points"]) for one in config["competencies"]} if config else {}
    except (ValueError, KeyError, TypeError):
        return {}
    exported = {unit.export_id for unit in units}
    return {id: points for id, points in found.items() if id in exported}


def _under(line: Line, below: dict[str, list[Line]]) -> Iterator[Line]:
    for one in below.get(line.id, []):
        if one.id in below:
            yield from _under(one, below)
        else:
            yield one


def _text(line: Line, name: str, language: str) -> Text:
    """The words of a competency: its paragraph of that class, else the short name without the ID number before it."""
    short = line.short.removeprefix(line.id).strip() or line.short
    found = [part for part in _parts(line) if name in _classes(part)]
    if not found:
        return Text({"en": short, language: short})
    spans = {
        str(span.get("lang")): _words(span)
        for span in found[0].iter("span")
        if "multilang" in _classes(span) and span.get("lang")
    }
    texts = {code: words for code, words in spans.items() if words}
    whole = _words(found[0])
    if texts:
        return Text({"en": texts.get("en") or next(iter(texts.values())), **texts})
    return Text({"en": whole or short, language: whole or short})


def _kind(line: Line) -> str:
    names = {name for part in _parts(line) for name in _classes(part)}
    return next((kind for kind in KINDS if f"ecvet-{kind}" in names), "")


def _parts(line: Line) -> list[html.HtmlElement]:
    if not line.description.strip() or line.description_format != "1":
        return []
    parser = html.HTMLParser(no_network=True, encoding="utf-8")
    root = html.fragment_fromstring(line.description.encode(), create_parent="div", parser=parser)
    return [part for part in root.iter() if isinstance(part.tag, str)]


def _classes(part: html.HtmlElement) -> list[str]:
    return str(part.get("class") or "").split()


def _words(part: html.HtmlElement) -> str:
    return " ".join(str(part.text_content()).split())
