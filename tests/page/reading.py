"""The page of the HTML report as a browser would take it: elements, their attributes and texts."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "img", "input", "br", "hr"})


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    text: str = ""

    def below(self, tag: str) -> bool:
        """Whether an element of this tag is around it."""
        return self.parent is not None and (self.parent.tag == tag or self.parent.below(tag))


@dataclass
class Page(HTMLParser):
    """The elements in order; raises where an end does not match its beginning."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {k: v or "" for k, v in attrs}, self.open[-1] if self.open else None)
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Elements of a tag, of a class (``class_``) or with other attributes."""
        return [e for e in self.elements if e.tag == tag and _fits(e, attributes)]

    def one(self, tag: str, **attributes: str) -> Element:
        (found,) = self.all(tag, **attributes)
        return found

    @property
    def unpacked(self) -> list[str]:
        """What the script unpacks."""
        return json.loads(gzip.decompress(base64.b64decode(self.one("script", id="packed").text)))


def _fits(element: Element, attributes: dict[str, str]) -> bool:
    own = element.attributes
    return all(
        v in own.get("class", "").split() if k == "class_" else own.get(k) == v for k, v in attributes.items()
    )


def read(text: str) -> Page:
    """The page; raises where it is not well-formed."""
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    return page
