"""Renders templates. All values are escaped, and a name that a template misspells is an error instead of nothing."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from skeldir.web.assets import path_of_asset
from skeldir.web.charts import draw_share
from skeldir.web.faults import word
from skeldir.web.formats import Unknown
from skeldir.web.frames import Frame


def render(template: str, frame: Frame, /, **values: object) -> str:
    """Return a page as HTML: the template of this name in `templates`, with `values` beside what every page has.

    In a template `frame` is the frame, `say` gives texts, and `formats` writes values. Raises `jinja2.UndefinedError`
    for a value that the template needs and is not given.
    """
    return (
        load_environment()
        .get_template(template)
        .render(frame=frame, say=frame.phrases, formats=frame.formats, **values)
    )


@cache
def load_environment() -> Environment:
    """Return the environment of all templates, which are compiled once for each process."""
    environment = Environment(
        loader=PackageLoader("skeldir.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(
        asset=path_of_asset, draw_share=draw_share, nothing=Markup(""), word=word
    )
    environment.tests["unknown"] = lambda value: isinstance(value, Unknown)
    return environment
