"""What a reader of one language should see: the words of the catalogue, and no words of another language."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.support import Translations
from playwright.sync_api import Frame, Page

import lti_tool
from lti_tool.i18n import LANGUAGES

# Texts that a reader sees, each with the language it is marked as. What people wrote, names of languages and codes are
# in whatever language they are in.
TEXTS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent.replace(/\\s+/g, " ").trim();
    const holder = node.parentElement;
    if (!text || holder.closest("script, style, template, code, textarea, .language, svg, [hidden]")) continue;
    found.push([holder.closest("[lang]").lang, text]);
  }
  for (const holder of document.querySelectorAll("[aria-label], [title], [placeholder]")) {
    for (const name of ["aria-label", "title", "placeholder"]) {
      const text = holder.getAttribute(name);
      if (text) found.push([holder.closest("[lang]").lang, text]);
    }
  }
  const reading = document.querySelector("article[lang]");
  found.push([reading ? reading.lang : document.documentElement.lang, document.title]);
  return found;
}"""
# In Latvian, words that only an English sentence has.
ENGLISH = re.compile(
    r"\b(?:[Tt]he|[Oo]f|[Aa]nd|[Yy]our?|[Ii]s|[Aa]re|[Ww]as|[Ww]ith|[Tt]his|[Tt]hat|[Hh]as|[Hh]ave|[Nn]ot|[Ww]ill|[Hh]ours|[Uu]nit)\b"
)
LATIN = re.compile(r"[A-Za-zÀ-ž]{3,}")
# Names and codes that are the same in every script: addresses, ids of units, outcomes and modules, codes of errors, of
# papers and on walls, kinds of files.
SAME = re.compile(
    r"https?://\S+|localhost:\d+|[\w.]+@[\w.]+|data\.europa\.eu"
    r"|\b(?:BIB|CECO|DIGY)-U\d(?:-[A-Z]\d)?\b|\bM\d\d\b|\b[A-Z]+-[A-Z-]+\b|\b[A-Z0-9]{3,5}(?:-[A-Z0-9]{3,5})+\b"
    r"|\b(?:pdf|png|jpg|docx|odt|pptx|odp|xlsx|ods|zip|txt)\b"
    r"|\b(?:CECO1?|DIGY1?|ECVET|LMS|LTI|PDF|JSON(?:-LD)?|CSV|EQF|FAIR|Open Badges?|VC-JWT|CLR|ZIP|UTC)\b"
)
BRAND = "LTI Tool for ECVET"


@dataclass
class Words:
    """A language, and what was read in another one. `known`: names and titles that people gave, in any language."""

    language: str
    known: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        folder = Path(lti_tool.__file__).parent / "translations"
        self.catalogue = Translations.load(folder, [self.language])

    def __call__(self, text: str, **params: Any) -> str:
        """The English text of the source, as a reader of this language sees it."""
        said = self.catalogue.gettext(text)
        assert said != text or self.language == "en", f"no translation of: {text}"
        return said % params if params else said

    def state(self, word: str) -> str:
        """A state in this language."""
        return str(self.catalogue.pgettext("state", word))

    def hours(self, number: int) -> str:
        """So many hours, as they are written in this language."""
        said: str = self.catalogue.gettext("%(number)s h")
        return (said % {"number": number}).replace(" ", "\u00a0")

    def read(self, name: str, where: Page | Frame) -> None:
        """Notes what a page says in another language than this one."""
        pairs: list[tuple[str, str]] = [(lang, text) for lang, text in where.evaluate(TEXTS)]
        language = where.locator("html").get_attribute("lang")
        assert language == self.language, f"{name} is in {language}"
        for lang, text in pairs:
            if lang == self.language and (odd := self._odd(text)):
                self.strange.append(f"{name}: {odd!r} in {text!r}")

    def _odd(self, text: str) -> str:
        for one in sorted((BRAND, *LANGUAGES.values(), *self.known), key=len, reverse=True):
            text = text.replace(one, " ")
        found = (LATIN if self.language in ("bg", "el") else ENGLISH).search(SAME.sub(" ", text))
        return found[0] if found else ""
