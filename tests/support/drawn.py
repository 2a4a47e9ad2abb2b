"""Reads SVG that the program drew: its elements, and where they lie."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from markupsafe import Markup

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


class Drawing:
    """A picture that was drawn."""

    def __init__(self, text: Markup) -> None:
        assert isinstance(text, Markup)
        self.root = ET.fromstring(text)  # noqa: S314  # the program wrote it
        _, _, self.width, self.height = map(float, self.root.attrib["viewBox"].split())

    def all(self, class_: str, tag: str | None = None) -> list[ET.Element]:
        """Return the elements that have all words of `class_`."""
        return [
            element
            for element in self.root.iter()
            if set(class_.split()) <= set(element.get("class", "").split())
            and tag in (None, element.tag)
        ]

    def texts(self, class_: str) -> list[str]:
        return [element.text or "" for element in self.all(class_, "text")]

    def attributes(self) -> Iterator[tuple[str, str]]:
        for element in self.root.iter():
            yield from element.attrib.items()

    def places(self) -> Iterator[tuple[float, float]]:
        """Yield the points of curves and dots, and the corners of bars."""
        for element in self.root.iter():
            number = {key: float(value) for key, value in element.attrib.items() if key in
                      ("x", "y", "width", "height", "cx", "cy")}  # fmt: skip
            if element.tag == "rect":
                yield number["x"], number["y"]
                yield number["x"] + number["width"], number["y"] + number["height"]
            elif element.tag == "circle":
                yield number["cx"], number["cy"]
            elif "line" in element.get("class", "").split():
                yield from points(element)
            elif element.tag == "path" and "bar" in element.get("class", "").split():
                for left, top, right, bottom in bars(element):
                    yield left, top
                    yield right, bottom


def points(path: ET.Element) -> list[tuple[float, float]]:
    """Return the points of a path of straight lines with absolute coordinates."""
    numbers = [float(one) for one in _NUMBER.findall(path.attrib["d"])]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def bars(path: ET.Element) -> list[tuple[float, float, float, float]]:
    """Return left, top, right and bottom of each bar of a path."""
    outlines = path.attrib["d"].split("Z")[:-1]
    corners = [[float(one) for one in _NUMBER.findall(outline)] for outline in outlines]
    return [(left, top, right, bottom) for left, top, right, bottom, _ in corners]
