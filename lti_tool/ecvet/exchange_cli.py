"""`lti-tool programme framework …` and `lti-tool programme cmi5 …`: programmes to other systems and back."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import click

from lti_tool.ecvet import cmi5_programme, cmi5_xml, documents, moodle_csv, moodle_framework
from lti_tool.ecvet.load import load
from lti_tool.ecvet.terms import LANGUAGES, Framework, Programme
from lti_tool.errors import BadInput

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, writable=True, path_type=Path)
to_file = click.option("--out", type=OUT, help="Write to this file; default: standard output.")
in_language = click.option("--lang", default="en", show_default=True, help="Language of texts that have only one.")

framework = click.Group("framework", help="Moodle competency frameworks (CSV of tool_lpimportcsv).")


@framework.command("export")
@click.argument("file", type=FILE)
@click.option("--framework", "id", help="A competence framework of the programme, such as digcomp; default: its units.")
@click.option("--lang", default="en", show_default=True, type=click.Choice(LANGUAGES), help="Language of the texts.")
@click.option("--multilang", is_flag=True, help="Descriptions in all languages, for Moodle's filter of that name.")
@click.option(
    "--delimiter", default="comma", show_default=True, type=click.Choice(sorted(moodle_csv.DELIMITERS)), help="In rows."
)
@to_file
def export_framework(file: Path, id: str | None, lang: str, multilang: bool, delimiter: str, out: Path | None) -> None:
    """Write the programme of FILE (its units and learning outcomes) as a Moodle competency framework."""
    programme = load(file)
    languages = programme.languages if multilang else ()
    if id is None:
        lines = moodle_framework.from_programme(programme, lang, languages)
    else:
        lines = moodle_framework.from_framework(_framework(programme, id), lang, languages)
    put(moodle_csv.write(lines, moodle_csv.DELIMITERS[delimiter]), out)


@framework.command("import")
@click.argument("file", type=FILE)
@click.option(
    "--as",
    "form",
    default="framework",
    show_default=True,
    type=click.Choice(["framework", "units"]),
    help="A framework that outcomes refer to, or units with learning outcomes.",
)
@click.option("--eqf", default=5, show_default=True, type=click.IntRange(1, 8), help="EQF level of the units.")
@in_language
@to_file
def import_framework(file: Path, form: str, eqf: int, lang: str, out: Path | None) -> None:
    """Turn a CSV that Moodle exported into a shared file of programmes (YAML), to be completed and included."""
    lines = moodle_csv.read(text_of(file))
    head = [f"From the Moodle competency framework {lines[0].id}: {lines[0].short}"]
    if form == "framework":
        document, notes = documents.framework_document(moodle_framework.framework_of(lines, lang)), head
    else:
        units = moodle_framework.units_of(lines, lang)
        document = documents.units_document(units, eqf)
        todo = "To be completed: hours, assessment, modules or rules, references. For `units:` of a programme:"
        notes = [*head, todo, *documents.links_notes(units)]
    put(documents.as_yaml(document, notes), out)


cmi5 = click.Group("cmi5", help="cmi5 course structures: objectives are outcomes, blocks units, AUs modules.")
PACKED = "cmi5.xml"


@cmi5.command("export")
@click.argument("file", type=FILE)
@click.option(
    "--au-url",
    required=True,
    help="Where a module opens, with {module} for its id, such as https://lms.example.org/{module}/index.html",
)
@to_file
def export_cmi5(file: Path, au_url: str, out: Path | None) -> None:
    """Write the programme of FILE as a cmi5 course structure; as a course package where --out ends in .zip."""
    packed = out is not None and out.suffix.lower() == ".zip"
    structure = cmi5_xml.write(cmi5_programme.course_of(load(file), au_url))
    cmi5_xml.read(structure, packed=packed)  # what is wrong with --au-url is told here
    if out is None:
        click.echo(structure, nl=False)
    elif packed:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr(PACKED, structure)
    else:
        out.write_bytes(structure)


@cmi5.command("import")
@click.argument("file", type=FILE)
@click.option("--source", default="credential:cmi5", show_default=True, help="Whose statements count for its modules.")
@click.option("--eqf", default=5, show_default=True, type=click.IntRange(1, 8), help="EQF level of the units.")
@to_file
def import_cmi5(file: Path, source: str, eqf: int, out: Path | None) -> None:
    """Turn a cmi5 course structure (XML, or a course package in a ZIP) into a shared file of programmes (YAML)."""
    data, packed = _structure(file)
    course = cmi5_xml.read(data, file.name, packed)
    document, notes = cmi5_programme.document_of(course, source, eqf)
    put(documents.as_yaml(document, notes), out)


def _structure(path: Path) -> tuple[bytes, bool]:
    """The course structure in a file, and whether it came in a package."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput("FILE", f"{path} cannot be read: {error}", "check its name") from error
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return data, False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package, package.open(PACKED) as inner:
            # What a package says of its sizes may be wrong: no more is unpacked than is read.
            return inner.read(cmi5_xml.MOST_BYTES + 1), True
    except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        what = f"{path} holds no {PACKED} that can be read"
        raise BadInput("FILE", what, "see that it stands at the root of the ZIP, unencrypted") from error


def _framework(programme: Programme, id: str) -> Framework:
    found = programme.framework(id)
    if found is None:
        known = ", ".join(one.id for one in programme.frameworks)
        raise BadInput("FRAMEWORK-UNKNOWN", f'The programme has no framework "{id}"', f"Name one of: {known}")
    return found


def text_of(path: Path) -> str:
    """The text of a file; raises FILE where it is no UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("FILE", f"{path} cannot be read: {error}", "save it as UTF-8") from error


def put(text: str, out: Path | None) -> None:
    """The text is in the file, or on standard output; line ends as they are."""
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_bytes(text.encode())
