"""A programme from the text of its files: text in, frozen values out, or every fault at once.

The format is described in docs/programme-format.md. Files are read by lti_tool/ecvet/load.py; sums, reachability and
translations are the business of lti_tool/ecvet/check.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from lti_tool.ecvet.common import take_facts, take_status, take_text
from lti_tool.ecvet.definitions import Definitions
from lti_tool.ecvet.fields import Fields
from lti_tool.ecvet.marked import Leaf, Node
from lti_tool.ecvet.problems import Log, ProgrammeInvalid, Where
from lti_tool.ecvet.sections import Sections, canonical, gather
from lti_tool.ecvet.terms import (
    LANGUAGES,
    MODES,
    STATUSES,
    Hours,
    Level,
    Module,
    Occupation,
    Outcome,
    Programme,
    Reference,
    Text,
    Unit,
    tidy,
)

__all__ = [
    "LANGUAGES",
    "MODES",
    "Hours",
    "Module",
    "Outcome",
    "Programme",
    "ProgrammeInvalid",
    "Reference",
    "Text",
    "Unit",
    "read",
]


def read(name: str, texts: Mapping[str, str]) -> Programme:
    """The programme that the file `name` defines. `texts`: the text of it and of all files it includes, by path from
    the programmes folder. Raises ProgrammeInvalid with every fault found."""
    log = Log()
    if name not in texts:
        log.error(Where(name, 1), "PROGRAMME-INCLUDE", "the file is missing", "check its name")
        raise ProgrammeInvalid(log.problems)
    sections = gather(name, texts, log)
    programme = _programme(sections, log) if sections else None
    if log.problems or programme is None:
        raise ProgrammeInvalid(log.problems)
    return programme


def _programme(sections: Sections, log: Log) -> Programme | None:
    top = Fields(sections.root, "file", log)
    iri = top.text("iri")
    if iri and (":" not in iri or not iri.endswith((":", "/", "#"))):
        do = 'write the beginning of all ids, such as "tag:example.org,2026:"'
        log.error(top.where_of("iri"), "PROGRAMME-FIELD", f'"{iri}" is no beginning of an IRI', do)
    fields = top.fields("programme", required=True)
    if fields is None:
        return None
    definitions = Definitions(sections, iri, log)
    id = definitions.id(fields)
    eqf = fields.fields("eqf", required=True)
    credit = fields.fields("credit", required=True)
    links = [link for node in fields.rows("units", required=True) if (link := Fields.of(node, "unit link", log))]
    unit_ids = [link.text("unit") for link in links]
    module_ids = definitions.modules_of(unit_ids)
    modules = definitions.modules(module_ids)
    scheme = definitions.scheme(credit)
    units = definitions.units(links, modules, credit, scheme)
    rubric_ids = sorted({unit.rubric.id for unit in units if unit.rubric})
    version = _version(sections, unit_ids, module_ids, rubric_ids, iri)
    programme = Programme(
        id=id,
        version=version,
        iri=iri,
        title=take_text(fields, "title", log),
        qualification=take_text(fields, "qualification", log, required=False),
        profile=take_text(fields, "profile", log, required=False),
        eqf_level=eqf.whole("level", least=1, most=8) if eqf else 0,
        eqf_uri=eqf.text("uri", "") if eqf else "",
        levels=tuple(_level(part) for node in fields.rows("nqf") if (part := Fields.of(node, "nqf", log))),
        occupations=tuple(
            _occupation(part, log)
            for node in fields.rows("occupations")
            if (part := Fields.of(node, "occupation", log))
        ),
        points=tidy(credit.number("points", 0 if scheme.kind == "none" else None)) if credit else 0,
        scheme=scheme,
        hours=definitions.hours(fields),
        languages=fields.words("languages") or LANGUAGES,
        units=units,
        modules=modules,
        modes=definitions.modes,
        frameworks=tuple(definitions.frameworks.values()),
        institutions=definitions.institutions,
        sources=definitions.sources,
        project=definitions.project,
        translations=fields.choice("translations", STATUSES, "draft"),
        four_eyes=fields.flag("four_eyes", False),
        four_eyes_recognition=fields.flag("four_eyes_recognition", False),
        status=take_status(fields),
        facts=take_facts(fields, definitions.sources, log),
        where=fields.where,
    )
    if eqf:
        eqf.end()
    if credit:
        credit.end()
    fields.end()
    return programme


def _level(fields: Fields) -> Level:
    level = Level(
        country=fields.text("country"),
        framework=fields.text("framework"),
        level=fields.whole("level", least=0, most=8),
        uri=fields.text("uri", ""),
    )
    fields.end()
    return level


def _occupation(fields: Fields, log: Log) -> Occupation:
    # A word alone is English.
    alone = isinstance(fields.node("label"), Leaf)
    label = Text({"en": fields.text("label")}) if alone else take_text(fields, "label", log)
    occupation = Occupation(fields.text("uri"), label, fields.text("isco", ""))
    fields.end()
    return occupation


def _version(
    sections: Sections, unit_ids: list[str], module_ids: tuple[str, ...], rubric_ids: list[str], iri: str
) -> str:
    """The name of all that the programme consists of. Made from the values as written, before defaults, so that a
    new release of this tool with a new optional field does not rename every programme."""

    def used(section: str, ids: list[str] | tuple[str, ...]) -> list[object]:
        found = sections.of(section)
        return [canonical(found[id]) for id in ids if id in found]

    def all_of(section: str) -> dict[str, object]:
        return {id: canonical(node) for id, node in sections.of(section).items()}

    descriptions: dict[str, Node] = sections.of("module_descriptions")
    content = {
        "iri": iri,
        "programme": canonical(sections.root.get("programme")),
        "units": used("units", unit_ids),
        "modules": used("modules", module_ids),
        "module_descriptions": {id: canonical(descriptions[id]) for id in module_ids if id in descriptions},
        **{
            section: all_of(section)
            for section in ("frameworks", "modes", "credit_schemes", "institutions", "rules", "sources", "project")
        },
        # A section that came later: programmes without it keep their names.
        **({"rubrics": used("rubrics", rubric_ids)} if rubric_ids else {}),
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
