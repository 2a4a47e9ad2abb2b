"""The API's description as a page: made from the OpenAPI document, without scripts or external resources."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import Any

import orjson

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1,h2,h3{line-height:1.2}h2{margin-top:3rem}h3{margin-top:2rem;border-top:1px solid #8886;padding-top:1rem}
code,pre{font:14px/1.4 ui-monospace,monospace}pre{overflow-x:auto;padding:.8rem;background:#8882}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #8884}
"""
_DIGEST = b64encode(sha256(_STYLE.encode()).digest()).decode()
PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""The Content-Security-Policy of the page: only its own style sheet, by digest."""

_INTRODUCTION = (
    "<p>This page is made from <a href='/openapi.json'>/openapi.json</a>. Where a key is "
    "needed, send it as <code>Authorization: Bearer &lt;key&gt;</code>.</p>"
)

Json = Mapping[str, Any]


def render_description(document: Json) -> str:
    """Return the HTML page that shows an OpenAPI document."""
    info = document["info"]
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    parts = [
        f"<h1>{_text(info['title'])} {_text(info['version'])}</h1>",
        f"<p>{_text(info.get('summary', ''))}</p>",
        _INTRODUCTION,
        _list_of(operations),
        *(_operation(*each) for each in operations),
        "<h2>Schemas</h2>",
        *(
            f"<h3 id='{_text(name)}'>{_text(name)}</h3>{_schema(schema)}"
            for name, schema in document["components"]["schemas"].items()
        ),
    ]
    title = _text(info["title"])
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>"
    )


def _list_of(operations: Sequence[tuple[str, str, Json]]) -> str:
    return _table(
        ("operation", "what it does"),
        (
            (
                f"<a href='#{_text(operation['operationId'])}'><code>{method.upper()} {_text(path)}</code></a>",
                _text(operation.get("summary", "")),
            )
            for method, path, operation in operations
        ),
    )


def _operation(method: str, path: str, operation: Json) -> str:
    parts = [
        f"<h3 id='{_text(operation['operationId'])}'><code>{method.upper()} {_text(path)}</code></h3>",
        f"<p>{_text(operation.get('description', ''))}</p>",
        f"<p>{'Needs a key.' if operation.get('security') else 'Needs no key.'}</p>",
    ]
    if operation.get("parameters"):
        parts.append(
            _table(("parameter", "in", "type", ""), map(_parameter, operation["parameters"]))
        )
    body = operation.get("requestBody")
    if body:
        parts.append(f"<h4>Body</h4><p>{_text(body.get('description', ''))}</p>")
        parts.extend(
            f"<p><code>{_text(media)}</code>: {_type(content['schema'])}</p>{_items(content['schema'])}"
            for media, content in body["content"].items()
        )
    answers = (
        (_text(status), *_answer(answer)) for status, answer in operation["responses"].items()
    )
    parts.append("<h4>Answers</h4>" + _table(("status", "what", "body"), answers))
    return "".join(parts)


def _parameter(parameter: Json) -> tuple[str, ...]:
    name = f"<code>{_text(parameter['name'])}</code>"
    is_required = ", required" if parameter.get("required") else ""
    return (
        name,
        _text(parameter["in"]),
        _type(parameter["schema"]) + is_required,
        _text(parameter.get("description", parameter["schema"].get("description", ""))),
    )


def _answer(answer: Json) -> tuple[str, str]:
    bodies = ", ".join(
        f"<code>{_text(media)}</code> {_type(content.get('schema', {}))}"
        for media, content in answer.get("content", {}).items()
    )
    return _text(answer.get("description", "")), bodies


def _items(schema: Json) -> str:
    """Show the fields of what a body is a list of."""
    return _schema(schema["items"]) if "properties" in schema.get("items", {}) else ""


def _schema(schema: Json) -> str:
    required = schema.get("required", ())
    rows = (
        (
            f"<code>{_text(name)}</code>",
            _type(field) + (", required" if name in required else ""),
            _text(field.get("description", "")),
        )
        for name, field in schema.get("properties", {}).items()
    )
    examples = "".join(
        f"<pre>{_text(orjson.dumps(example, option=orjson.OPT_INDENT_2).decode())}</pre>"
        for example in schema.get("examples", ())
    )
    description = f"<p>{_text(schema.get('description', ''))}</p>"
    return description + _table(("field", "type", ""), rows) + examples


def _type(schema: Json) -> str:
    """Describe a schema's type in a few words, with a link if it has a name."""
    if "$ref" in schema:
        name = _text(schema["$ref"].rpartition("/")[2])
        return f"<a href='#{name}'>{name}</a>"
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(f"<code>{_text(str(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{_text(str(schema['const']))}</code>"
    kind = schema.get("type", "anything")
    if kind == "array":
        inner = schema.get("items", {})
        return f"list of {_text(inner['title']) if 'title' in inner else _type(inner)}"
    return _text(" ".join(filter(None, (kind, schema.get("format") and f"({schema['format']})"))))


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; the cells are HTML already."""
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    titles = "".join(f"<th>{_text(title)}</th>" for title in head)
    return f"<table><tr>{titles}</tr>{lines}</table>" if lines else ""


def _text(value: object) -> str:
    return escape(str(value), quote=True)
