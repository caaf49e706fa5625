"""Every column of the tables is an attribute of OCSF 1.8.0, with a type that fits."""

import re
from pathlib import Path

import ocsf
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "tables.md"
ROW = re.compile(r"^\| `(?P<name>[^`]+)` \| (?P<type>[^|]+) \|[^|]*\| `(?P<path>[^`]+)` \| (?P<meaning>.+) \|$")
# Columns of Coldtrail's own.
OURS = {"source", "source_object", "source_offset", "unmapped", "raw_data"}
FITTING = {
    "text": {"string_t", "ip_t", "hostname_t", "username_t", "email_t", "url_t", "file_path_t", "file_name_t", "file_hash_t", "mac_t", "subnet_t", "uuid_t",
             "resource_uid_t", "process_name_t", "bytestring_t", "datetime_t", "reg_key_path_t", "json_t"},
    "int": {"integer_t", "port_t", "long_t"},
    "bigint": {"long_t", "integer_t"},
    "double": {"float_t"},
    "boolean": {"boolean_t"},
    "timestamp": {"timestamp_t"},
}
FITTING["text[]"] = FITTING["text"]


def columns():
    """Class, name, type and path of each column of the page."""
    class_uid = None
    for line in PAGE.read_text().splitlines():
        if heading := re.match(r"^.+ \((\d+)\), category ", line):
            class_uid = int(heading.group(1))
        elif row := ROW.match(line):
            yield class_uid, row["name"], row["type"], row["path"]


def keys_of(path):
    """`process.file.hashes[sha256].value` as the names of attributes, and which of them are picked out of an array."""
    return tuple(re.sub(r"\[.*?\]", "", part) for part in path.split("."))


def attribute(class_uid, keys):
    """The attribute at the end of a path as the schema describes it, with any profile; below what is free JSON, that."""
    raw = ocsf.schema().schema.schema
    name = ocsf.CLASS_NAMES.get(class_uid) or ocsf.schema().lookup_class_name_from_uid(class_uid)
    attributes = raw["classes"][name]["attributes"]
    for key in keys[:-1]:
        found = attributes.get(key)
        if found is None or found["type"] == "json_t":
            return found
        if found["type"] != "object_t":
            return None
        attributes = raw["objects"][found["object_type"]]["attributes"]
        if not attributes:
            return {"type": "json_t"}
    return attributes.get(keys[-1])


CLASSES = sorted({class_uid for class_uid, *_ in columns()})


def test_the_page_describes_every_class():
    assert len(CLASSES) == 18


@pytest.mark.parametrize("class_uid", CLASSES)
def test_every_column_is_known_to_ocsf(class_uid):
    unknown = [(name, path) for uid, name, _, path in columns() if uid == class_uid and name not in OURS and attribute(class_uid, keys_of(path)) is None]
    assert unknown == []


@pytest.mark.parametrize("class_uid", CLASSES)
def test_every_column_has_a_fitting_type(class_uid):
    wrong = []
    for uid, name, kind, path in columns():
        if uid != class_uid or name in OURS:
            continue
        found = attribute(class_uid, keys_of(path))
        if found is None:
            continue  # the test before this one says so
        is_json = kind == "json text"
        fits = found["type"] in FITTING[kind] if not is_json else True
        # A list in OCSF is either a list of ours, one picked element, or JSON.
        picked = any("[" in part for part in path.split("."))
        if not fits or (found.get("is_array") and not (picked or is_json or kind == "text[]")):
            wrong.append((name, kind, path, found["type"], found.get("is_array")))
    assert wrong == []


def test_names_are_the_paths_with_underscores():
    wrong = []
    for _, name, _, path in columns():
        spelled = "_".join(part for part in re.split(r"[.\[\]]+", re.sub(r"\[0?\]", "", path)) if part)
        if name not in OURS and name not in (spelled, spelled.replace("_value", "")):
            wrong.append((name, path))
    assert wrong == []
