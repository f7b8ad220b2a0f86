"""The Markdown of a page as HTML that is safe to show, whoever wrote it. Pure: text in, HTML and faults out.

Two walls: markdown-it reads no raw HTML, and what it wrote goes through nh3 with a list of what is allowed. No script,
style, frame, form or event handler gets through either. Pictures, sound-less or not, come from the module's own
`media/` folder or by https; links lead to the web, open in a new tab and tell the other side nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import unquote, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

CODE = "MODULE-PAGE"
NEW_TAB = '<span class="hidden-text new-tab"></span>'
"""Stands in each link; whoever shows the page puts "(opens in a new tab)" in it, in the language of the text."""

VIDEO = {".mp4": "video/mp4", ".webm": "video/webm"}
PICTURES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
OTHER = {
    ".vtt": "text/vtt",
    ".pdf": "application/pdf",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MEDIA = {**VIDEO, **PICTURES, **OTHER}
"""Kinds of files that a module may hold, by ending."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")

_TAGS = {
    *("p", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s", "br"),
    *("hr", "a", "span", "img", "video", "source", "track", "div", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "a": {"href", "title", "target"},
    "img": {"src", "alt", "title", "loading"},
    "video": {"src", "controls", "preload", "aria-label"},
    "track": {"src", "kind", "srclang", "label", "default"},
    "div": {"role", "tabindex", "aria-label"},
    "th": {"scope"},
    "ol": {"start"},
}
_CLASSES = {"span": {"hidden-text", "new-tab"}, "div": {"table-frame"}, "td": {"num"}, "th": {"num"}}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong on a line of the text (from 1), and what to write instead."""

    line: int
    what: str
    do: str


def media_name(address: str) -> str | None:
    """The file name that `media/<name>` means; None for every other address, and for names that lead elsewhere."""
    path = unquote(address)
    name = path.removeprefix("media/")
    if name == path or not _NAME.match(name) or suffix(name) not in MEDIA:
        return None
    return name


def suffix(name: str) -> str:
    """The ending of a file name, in small letters, with its dot."""
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""


def render(text: str, title: str, media: Collection[str]) -> tuple[str, tuple[Fault, ...]]:
    """Safe HTML of a page with this title, and what its author should mend. The first heading is an h2, as the title
    is the page's h1; none is more than one level below the one before. `media`: names of the module's files."""
    tokens = _MARKDOWN.parse(text)
    faults: list[Fault] = []
    _headings(tokens)
    _tables(tokens, title)
    for token in tokens:
        line = token.map[0] + 1 if token.map else 1
        if token.children:
            token.children = _inline(token.children, line, frozenset(media), faults)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return _clean(html), tuple(faults)


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
        strip_comments=True,
    )


def _headings(tokens: Sequence[Token]) -> None:
    opened = [token for token in tokens if token.type == "heading_open"]
    if not opened:
        return
    shift = 2 - min(int(token.tag[1]) for token in opened)
    before = 1
    level = 2
    for token in tokens:
        if token.type == "heading_open":
            level = before = min(int(token.tag[1]) + shift, before + 1, 6)
            token.tag = f"h{level}"
        elif token.type == "heading_close":
            token.tag = f"h{level}"


def _tables(tokens: list[Token], title: str) -> None:
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        if token.type in ("th_open", "td_open"):
            # Alignment comes as an inline style, which the page's policy forbids.
            right = "right" in str(token.attrs.pop("style", ""))
            if right:
                token.attrSet("class", "num")
            if token.tag == "th":
                token.attrSet("scope", "col")
        elif token.type == "table_open":
            frame = f'<div class="table-frame" role="region" tabindex="0" aria-label="{escape(title)}">'
            tokens.insert(index, _raw(frame, block=True))
        elif token.type == "table_close":
            tokens.insert(index + 1, _raw("</div>", block=True))


def _raw(html: str, *, block: bool = False) -> Token:
    return Token("html_block" if block else "html_inline", "", 0, content=html)


def _inline(children: Sequence[Token], line: int, media: frozenset[str], faults: list[Fault]) -> list[Token]:
    made: list[Token] = []
    links: list[bool] = []
    for child in children:
        if child.type in ("softbreak", "hardbreak"):
            line += 1
        if child.type == "image":
            made.append(_picture(child, line, media, faults))
        elif child.type == "link_open":
            links.append(_link(child, line, media, faults))
            if links[-1]:
                made.append(child)
        elif child.type == "link_close":
            if links.pop():
                made.extend((_raw(NEW_TAB), child))
        else:
            made.append(child)
    return made


def _link(token: Token, line: int, media: frozenset[str], faults: list[Fault]) -> bool:
    address = str(token.attrs.get("href", ""))
    name = media_name(address)
    if name is not None:
        if name not in media:
            faults.append(_missing(name, line))
            return False
    elif not _leads_out(address, {"http", "https", "mailto"}):
        do = "write a whole web address (https://…), or media/ and the name of a file"
        faults.append(Fault(line, f'the link to "{address}" leads nowhere', do))
        return False
    token.attrSet("target", "_blank")
    return True


def _picture(token: Token, line: int, media: frozenset[str], faults: list[Fault]) -> Token:
    address = str(token.attrs.get("src", ""))
    alt = _words(token.children or ())
    name = media_name(address)
    kind = suffix(name or urlsplit(address).path)
    if name is None and not _leads_out(address, {"https"}):
        do = "put the file into the folder media and write media/ and its name, or use an https:// address"
        faults.append(Fault(line, f'the picture "{address}" cannot be shown', do))
        return Token("text", "", 0, content=alt)
    if name is not None and name not in media:
        faults.append(_missing(name, line))
        return Token("text", "", 0, content=alt)
    if name is not None and kind not in VIDEO and kind not in PICTURES:
        faults.append(Fault(line, f'"{name}" is neither picture nor video', f"write a link: [words](media/{name})"))
        return Token("text", "", 0, content=alt)
    if kind in VIDEO:
        return _video(address, name, alt, line, media, faults)
    if not alt:
        faults.append(Fault(line, f'the picture "{address}" has no description', "write ![what it shows](media/…)"))
    return _raw(f'<img src="{escape(address)}" alt="{escape(alt)}" loading="lazy">')


def _video(address: str, name: str | None, alt: str, line: int, media: frozenset[str], faults: list[Fault]) -> Token:
    tracks = ""
    if name is not None:
        stem = name[: name.rfind(".")]
        captions = sorted(one for one in media if one.startswith(f"{stem}.") and suffix(one) == ".vtt")
        for caption in captions:
            language = caption[len(stem) + 1 : -len(".vtt")] or "en"
            tracks += (
                f'<track kind="captions" src="media/{escape(caption)}" srclang="{escape(language)}" '
                f'label="{escape(language)}"{" default" if caption == captions[0] else ""}>'
            )
        if not captions:
            faults.append(Fault(line, f'the video "{name}" has no captions', f"add media/{stem}.en.vtt"))
    link = f'<a href="{escape(address)}" target="_blank">{escape(alt or address)}{NEW_TAB}</a>'
    return _raw(
        f'<video controls preload="metadata" src="{escape(address)}" aria-label="{escape(alt)}">{tracks}{link}</video>'
    )


def _missing(name: str, line: int) -> Fault:
    return Fault(line, f'there is no file "{name}" in the folder media', "add the file, or mend the name")


def _leads_out(address: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme not in schemes:
        return False
    return bool(parts.netloc) if parts.scheme != "mailto" else "@" in parts.path


def _words(tokens: Sequence[Token]) -> str:
    return "".join(token.content if not token.children else _words(token.children) for token in tokens)


# `html` is off: raw HTML of an author is shown as the text it is.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
