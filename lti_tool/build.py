"""The build step of the package: message catalogues are compiled while it is installed."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from setuptools.command.build_py import build_py


def compile_catalogues(translations: Path) -> list[Path]:
    """Every `messages.po` below `translations` has its `messages.mo` beside it; the written files are returned."""
    written = []
    for source in sorted(translations.glob("*/LC_MESSAGES/*.po")):
        with source.open("rb") as stream:
            catalogue = read_po(stream)
        target = source.with_suffix(".mo")
        with target.open("wb") as stream:
            write_mo(stream, catalogue)
        written.append(target)
    return written


class CompileCatalogues(build_py):  # type: ignore[misc]  # setuptools publishes no types of its commands
    """setuptools' build_py, which first compiles the catalogues (editable installs run it too)."""

    def run(self) -> None:
        compile_catalogues(Path(__file__).parent / "translations")
        super().run()
