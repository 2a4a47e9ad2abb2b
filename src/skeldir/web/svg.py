"""Elements of SVG as text. All that is put into one is escaped; nothing carries a style or a script."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

Attribute = str | int | float


def element(name: str, *content: str, **attributes: Attribute) -> Markup:
    """Return an element with escaped attributes and content; content that is Markup stays as it is.

    `class_` stands for class, and `text_anchor` for text-anchor; `viewBox` is as it is.
    """
    written = "".join([f' {_name(key)}="{_value(value)}"' for key, value in attributes.items()])
    inner = join(content)
    # Both are escaped already, and a page has thousands of elements.
    return Markup(f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>")  # noqa: S704


def join(parts: Iterable[str]) -> Markup:
    """Join parts into one, and escape those that are plain text."""
    return Markup("".join([escape(part) for part in parts]))  # noqa: S704  # each is escaped


def picture(
    content: Iterable[str], *, key: str, title: str, description: str, box: str, class_: str
) -> Markup:
    """Return an `<svg>` that is announced as one image by its title and description.

    `key` is the start of its ids, and unique on a page.
    """
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        element("desc", description, id=f"{key}-desc"),
        *content,
        viewBox=box,
        class_=class_,
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
    )


def coordinate(value: float) -> str:
    """Write a coordinate with at most one decimal: a tenth of a pixel is finer than a screen."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _value(value: Attribute) -> str:
    if isinstance(value, str):
        return escape(value)
    return coordinate(value) if isinstance(value, float) else str(value)
