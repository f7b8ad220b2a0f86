"""The CSV of Moodle's tool "Import competency framework" (tool_lpimportcsv), as text. Pure.

Moodle maps columns by their place, and writes headers in the language of the site: both ways in are understood. It
reads and writes with PHP's fgetcsv and fputcsv, for which a backslash before a quotation mark is no end of a field.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lti_tool.errors import BadInput

# Order and number as in framework_importer::list_required_headers(), words of the English language pack.
HEADERS = (
    "Parent ID number",
    "ID number",
    "Short name",
    "Description",
    "Description format",
    "Scale values",
    "Scale configuration",
    "Rule type (optional)",
    "Rule outcome (optional)",
    "Rule config (optional)",
    "Cross-referenced competency ID numbers",
    "Exported ID (optional)",
    "Is framework",
    "Taxonomy",
)
DELIMITERS = {"comma": ",", "semicolon": ";", "colon": ":", "tab": "\t"}
BOM = "\ufeff"
SHORT = 100
"""Characters of an ID number or short name; Moodle cuts what is longer."""
MOST_CHARACTERS = 10_000_000
_PHP_FIELD = re.compile(r'"((?:[^"\\]|\\.|"")*)"', re.S)


@dataclass(frozen=True, slots=True)
class Line:
    """A competency, or (`is_framework`) the framework itself. `parent` is "" at the top. `line`: where it stood in the
    file, from 1. `related`: ID numbers of competencies across the tree."""

    id: str
    short: str
    description: str = ""
    parent: str = ""
    is_framework: bool = False
    description_format: str = "1"  # HTML
    scale_values: str = ""
    scale_config: str = ""
    rule_type: str = ""
    rule_outcome: str = ""
    rule_config: str = ""
    related: tuple[str, ...] = ()
    export_id: str = ""
    taxonomies: str = ""
    line: int = 0


def write(lines: Iterable[Line], delimiter: str = ",") -> str:
    """The file, with a byte order mark, so that spreadsheets too take it for UTF-8; Moodle removes it. Raises
    FRAMEWORK-CSV where an id is longer than Moodle keeps."""
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(HEADERS)
    for number, line in enumerate(lines, 2):
        if len(line.id) > SHORT:
            raise _bad(number, f'"{line.id[:30]}…" has over {SHORT} characters', "shorten the id in the programme file")
        row = [
            line.parent,
            line.id,
            line.short,
            line.description,
            line.description_format,
            line.scale_values,
            line.scale_config,
            line.rule_type,
            line.rule_outcome,
            line.rule_config,
            ",".join(id.replace(",", "%2C") for id in line.related),
            line.export_id,
            "1" if line.is_framework else "",
            line.taxonomies,
        ]
        if any('\\"' in field or field.endswith("\\") for field in row):
            raise ValueError("a backslash before a quotation mark would be read otherwise by Moodle")
        writer.writerow(row)
    return text.getvalue()


def read(text: str) -> tuple[Line, ...]:
    """The framework and its competencies, the framework first. Raises FRAMEWORK-CSV with the line of the file."""
    text = text.removeprefix(BOM).replace("\r\n", "\n").replace("\r", "\n").strip("\n ")
    if not text or len(text) > MOST_CHARACTERS:
        raise _bad(1, "the file is empty" if not text else "the file is too large", "export it from Moodle again")
    rows = _rows(text)
    order = _order(rows[0][1])
    width = len(rows[0][1])
    lines = []
    for number, row in rows[1:]:
        if len(row) != width:
            do = "see that all texts with separators or line breaks stand in quotation marks"
            raise _bad(number, f"{len(row)} columns instead of {width}", do)
        lines.append(_line(number, [row[index] if index < width else "" for index in order]))
    _check(lines)
    return tuple(sorted(lines, key=lambda one: not one.is_framework))


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Rows with the line each begins on; read as PHP does where only so all rows are as long as the first."""
    found: list[tuple[int, list[str]]] = []
    for delimiter in sorted(DELIMITERS.values(), key=text.split("\n", 1)[0].count, reverse=True):
        for split in (_by_standard, _by_php):
            rows = split(text, delimiter)
            if rows and len(rows[0][1]) > 1 and all(len(row) == len(rows[0][1]) for _, row in rows):
                return rows
            if len(rows) > 1 and len(rows[0][1]) > 1:
                found = found or rows
    return found or [(1, [text])]


def _by_standard(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    reader, rows, before = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True), [], 0
    try:
        for row in reader:
            if row:
                rows.append((before + 1, row))
            before = reader.line_num
    except csv.Error:
        return []
    return rows


def _by_php(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    rows: list[tuple[int, list[str]]] = []
    at, line, row, begun = 0, 1, [], 1
    while at <= len(text):
        quoted = _PHP_FIELD.match(text, at)
        if quoted:
            row.append(quoted[1].replace('""', '"'))
            line += quoted[1].count("\n")
            end = quoted.end()
        else:
            end = next((index for index in range(at, len(text)) if text[index] in (delimiter, "\n")), len(text))
            row.append(text[at:end])
        if text[end : end + 1] != delimiter:
            if text[end : end + 1] not in ("", "\n"):
                return []
            if row != [""]:
                rows.append((begun, row))
            line += 1
            row, begun = [], line
        at = end + 1
    return rows


def _order(header: Sequence[str]) -> list[int]:
    """The column of each of HEADERS: by name where the names are the English ones, else by place."""
    known = [_plain(name) for name in header]
    wanted = [_plain(name) for name in HEADERS]
    if set(wanted[:4]) <= set(known):
        return [known.index(name) if name in known else len(known) for name in wanted]
    if len(header) < len(HEADERS):
        do = f"export the framework from Moodle; it has {len(HEADERS)} columns"
        raise _bad(1, f"the file has {len(header)} columns that are no columns of a Moodle framework", do)
    return list(range(len(HEADERS)))


def _plain(name: str) -> str:
    return name.strip().casefold().replace("-", " ")


def _line(number: int, row: Sequence[str]) -> Line:
    parent, id, short, description, form, values, config, kind, outcome, rule, related, exported, framework, terms = row
    return Line(
        id=id.strip(),
        short=short.strip(),
        description=description,
        parent=parent.strip(),
        is_framework=framework.strip() not in ("", "0"),
        description_format=form.strip() or "1",
        scale_values=values,
        scale_config=config,
        rule_type=kind,
        rule_outcome=outcome,
        rule_config=rule,
        related=tuple(one.replace("%2C", ",") for one in related.split(",") if one),
        export_id=exported.strip(),
        taxonomies=terms,
        line=number,
    )


def _check(lines: Sequence[Line]) -> None:
    heads = [one for one in lines if one.is_framework]
    if len(heads) != 1:
        where = heads[1].line if heads else 1
        what = "there are two frameworks" if heads else "no row is the framework itself"
        raise _bad(where, what, 'exactly one row has 1 under "Is framework"')
    by_id: dict[str, Line] = {}
    for one in lines:
        if not one.id or not one.short:
            raise _bad(one.line, "the ID number or the short name is missing", "fill both in")
        if not one.is_framework and one.id in by_id:
            do = f"give one another number (the other: line {by_id[one.id].line})"
            raise _bad(one.line, f'the ID number "{one.id}" stands here a second time', do)
        if not one.is_framework:
            by_id[one.id] = one
    for one in by_id.values():
        if one.parent and one.parent not in by_id:
            raise _bad(one.line, f'there is no competency "{one.parent}"', "correct the parent's ID number")
        seen, above = {one.id}, one.parent
        while above:
            if above in seen:
                raise _bad(one.line, f'"{one.id}" lies below itself', "correct the parents' ID numbers")
            seen.add(above)
            above = by_id[above].parent


def _bad(line: int, what: str, do: str) -> BadInput:
    return BadInput("FRAMEWORK-CSV", f"line {line}: {what}".replace("%", "%%"), do)
