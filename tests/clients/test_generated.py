"""The Python client is what docs/openapi.json gives, and its types and its README say so."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.support.client_package import (
    FOLDER,
    GENERATOR,
    LEFT_OUT,
    PACKAGE,
    contents_of,
    digest_of,
    digest_of_document,
    generate,
    pinned_version,
    prepare,
    read_document,
    read_record,
)

CURE = "run `make client`"


def test_the_client_was_generated_from_the_document_of_today_and_not_changed_since() -> None:
    record = read_record()
    assert record["document_sha256"] == digest_of_document(read_document()), CURE
    assert record["files_sha256"] == digest_of(contents_of(PACKAGE)), CURE
    assert record["generator"] == f"openapi-python-client {pinned_version()}", CURE


def test_a_new_parameter_and_a_change_by_hand_are_seen() -> None:
    document = read_document()
    changed = copy.deepcopy(document)
    parameters = changed["paths"]["/v1/views"]["get"]["parameters"]
    parameters.append({"name": "x", "in": "query", "schema": {"type": "string"}})
    assert digest_of_document(changed) != digest_of_document(document)
    contents = contents_of(PACKAGE)
    assert len(contents) > 200
    assert digest_of(contents | {"types.py": contents["types.py"] + "\n"}) != digest_of(contents)


def test_every_operation_but_those_left_out_has_a_function() -> None:
    operations = {
        operation["operationId"]: operation["tags"][0]
        for path in read_document()["paths"].values()
        for operation in path.values()
    }
    assert set(LEFT_OUT) <= set(operations)
    modules = {f"api/{tag}/{name}.py" for name, tag in operations.items() if name not in LEFT_OUT}
    generated = {name for name in contents_of(PACKAGE) if name.startswith("api/")}
    assert modules == {name for name in generated if not name.endswith("__init__.py")}


def test_of_two_shapes_of_a_response_the_one_with_more_fields_is_tried_first() -> None:
    prepared = prepare(read_document())
    answer = prepared["paths"]["/v1/attribution/channels"]["get"]["responses"]["200"]
    shapes = answer["content"]["application/json"]["schema"]["anyOf"]
    assert [one["$ref"].rpartition("/")[2] for one in shapes] == [
        "ConvertedChannelsPage",
        "ChannelsPage",
    ]


def test_the_client_has_the_version_of_the_program() -> None:
    versions = [
        tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
        for folder in (FOLDER, FOLDER.parents[1])
    ]
    assert versions[0] == versions[1]


def test_the_wheel_of_the_program_has_neither_the_client_nor_the_dbt_package() -> None:
    wheel = WheelBuilder(str(FOLDER.parents[1]))
    included = {file.distribution_path for file in wheel.recurse_included_files()}
    assert "skeldir/__init__.py" in included
    assert {path.partition("/")[0] for path in included} == {"skeldir"}


@pytest.mark.slow
def test_the_generator_makes_the_client_again_byte_by_byte(tmp_path: Path) -> None:
    if not GENERATOR.exists():
        pytest.skip(f"the generator is not installed: {CURE}")
    generate(read_document(), GENERATOR, tmp_path)
    assert contents_of(tmp_path) == contents_of(PACKAGE), CURE
