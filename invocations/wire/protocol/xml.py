"""Text for XML documents, and documents read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.sax import saxutils

# What XML 1.0 cannot hold in any spelling.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(text: str) -> str:
    return saxutils.escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text))


class _Builder(TreeBuilder):
    """Takes no document types: entities come with them, and nobody here needs any."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise ParseError("a document type")


def parse(body: bytes) -> Element | None:
    """Return the root of a document, None when it is none (or has a document type)."""
    parser = XMLParser(target=_Builder())  # noqa: S314 - its entities are refused above
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError):  # LookupError: an encoding that nobody knows
        return None
    return root


def local_name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def children(element: Element, name: str) -> Iterator[Element]:
    """The direct children of that name, in whatever namespace."""
    return (child for child in element if local_name(child) == name)


def text_of(element: Element, name: str) -> str | None:
    """The text of the first child of that name, None when there is none."""
    found = next(children(element, name), None)
    return None if found is None else found.text or ""
