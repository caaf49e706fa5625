"""The official OCSF 1.8.0 schema (PyPI `ocsf-json-schema`): validation of events, and which attributes it knows."""

from __future__ import annotations

import functools
from collections import Counter

import jsonschema
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

VERSION = "1.8.0"
# OCSF 1.8.0 spells the name of class 1008 like this.
CLASS_NAMES = {1008: "event_log_actvity", 201001: "win/registry_key_activity", 201002: "win/registry_value_activity"}


@functools.cache
def schema() -> OcsfJsonSchemaEmbedded:
    return OcsfJsonSchemaEmbedded(get_ocsf_schema(version=VERSION))


@functools.cache
def validator(class_uid: int, profiles: tuple[str, ...]) -> jsonschema.Draft202012Validator:
    name = CLASS_NAMES.get(class_uid) or schema().lookup_class_name_from_uid(class_uid)
    return jsonschema.Draft202012Validator(schema().get_class_schema(name, list(profiles)))


def problems(event: dict) -> list[str]:
    """What is wrong with an event: nothing if it is valid OCSF."""
    found = []
    profiles = tuple(event.get("metadata", {}).get("profiles", []))
    for error in validator(event["class_uid"], profiles).iter_errors(event):
        where = ".".join(str(part) for part in error.absolute_path)
        found.append(f"{where or 'event'}: {error.message[:160]}")
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        found.append(f"type_uid {event['type_uid']} is not class_uid * 100 + activity_id")
    if event["metadata"].get("version") != VERSION:
        found.append("metadata.version is not " + VERSION)
    return found


class Sampler:
    """Validates the first events of each shape: the same class, attributes, types, and numbers of enumerations."""

    def __init__(self, events_per_shape: int = 2) -> None:
        self.events_per_shape = events_per_shape
        self.seen: Counter = Counter()

    def problems(self, event: dict) -> list[str]:
        """What is wrong with an event, if it is one of the first of its shape."""
        shape = frozenset(shape_of(event, ""))
        self.seen[shape] += 1
        return problems(event) if self.seen[shape] <= self.events_per_shape else []


def shape_of(value, path: str):
    """Every path of an event with its type, and the value of what can only have few."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("unmapped", "raw_data"):
                yield from shape_of(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from shape_of(inner, f"{path}[]")
    elif path.endswith("_id") and isinstance(value, int):
        yield f"{path}={value}"
    else:
        yield f"{path}:{type(value).__name__}"


@functools.cache
def attributes_of_class(class_uid: int) -> dict:
    """The attributes of a class of OCSF 1.8.0 with all profiles, by name."""
    name = CLASS_NAMES.get(class_uid) or schema().lookup_class_name_from_uid(class_uid)
    return schema().schema.schema["classes"][name]["attributes"]


@functools.cache
def attributes_of_object(object_type: str) -> dict:
    """The attributes of an object by name; none if it may hold anything."""
    return schema().schema.schema["objects"][object_type]["attributes"]


def id_of_caption(attributes: dict) -> dict[str, str]:
    """The names of numbers of enumerations by the names of the texts beside them: `status` has `status_id`."""
    return {attribute["sibling"]: name for name, attribute in attributes.items() if "sibling" in attribute}
