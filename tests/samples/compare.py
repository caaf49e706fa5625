"""Compares one event with what somebody else made of the same record: in OCSF, or in ECS.

What is only written differently is equal: an instant as text or in another unit, a number in hexadecimal, the caption of an agreed id,
the case of a GUID. What means something else is not. An expectation that says "unknown" says nothing.
"""

from __future__ import annotations

import ipaddress
import tomllib
from datetime import datetime, timezone
from pathlib import Path

import ocsf

# What depends on who mapped, when, or in which version, and so says nothing about the event.
NOT_COMPARED = {"observables", "unmapped", "raw_data", "enrichments", "type_name", "class_name", "category_name", "message", "raw_data_hash", "raw_data_size"}
NOT_COMPARED_PATHS = {
    "metadata.version", "metadata.profiles", "metadata.processed_time", "metadata.logged_time", "metadata.product.version", "metadata.extension",
    "metadata.extensions", "metadata.loggers", "metadata.log_version", "metadata.original_time", "metadata.product.lang", "metadata.product.url_string",
    "class_uid", "category_uid", "activity_id", "type_uid",
}
# The attribute that tells which element of a list of these objects is which.
KEYS = {"fingerprint": "algorithm_id", "http_header": "name", "http_cookie": "name", "observable": "name", "agent": "name"}
ABSENT = object()
# Windows' sign for a value that is not there.
NOTHING = "-"


def flatten(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from flatten(inner, path)
    elif value is not None and value != "":
        yield path, value


def as_list(value) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]


def milliseconds(value) -> float | None:
    """An instant as milliseconds since 1970, whether it is text or a number of seconds, milliseconds, microseconds or nanoseconds."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        unit = next(unit for limit, unit in ((1e11, 1000), (1e14, 1), (1e17, 1e-3), (float("inf"), 1e-6)) if abs(value) < limit)
        return value * unit
    try:
        time = datetime.fromisoformat(str(value).replace("Z", "+00:00")[:32])
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp() * 1000


def number(value) -> float | None:
    if isinstance(value, int | float):
        return value
    try:
        return int(str(value), 0)
    except ValueError:
        return None


def address(value):
    try:
        return ipaddress.ip_address(str(value))
    except ValueError:
        return None


def plain(value) -> str:
    """A text without what is only spelling: case, and the braces of a GUID."""
    return str(value).strip().strip("{}").lower()


def same(ours, theirs, attribute_type: str = "string_t") -> bool:
    if attribute_type == "timestamp_t":
        mine, wanted = milliseconds(ours), milliseconds(theirs)
        return mine is not None and wanted is not None and abs(mine - wanted) < 1000
    if attribute_type == "ip_t" and address(theirs) is not None:
        return address(ours) == address(theirs)
    mine, wanted = number(ours), number(theirs)
    if isinstance(ours, bool) or isinstance(theirs, bool) or mine is None or wanted is None:
        return plain(ours) == plain(theirs)
    return mine == wanted


def compare_ocsf(score, name: str, ours: dict, theirs: dict, listed) -> None:
    score.ocsf["pairs"] += 1
    # Not every expectation says the activity beside the type.
    expected = theirs.get("class_uid"), theirs.get("activity_id", (theirs.get("type_uid") or 0) % 100 or None)
    agrees = expected == (ours["class_uid"], ours["activity_id"]) or expected == (ours["class_uid"], None)
    if agrees or listed.covers("class_uid"):
        score.ocsf["class"] += 1
        score.ocsf["class_excepted"] += not agrees
    else:
        score.differences.append(f"{name}: class {ours['class_uid']}/{ours['activity_id']}, expected {expected[0]}/{expected[1]}")
    total = equal = 0
    for path, mine, wanted, is_same in attributes_of(ours, theirs):
        if path == "activity_name" and not agrees:
            continue
        if not is_same and listed.covers(path):
            continue
        if mine is ABSENT:
            score.ocsf["absent"] += 1
            score.differences.append(f"{name}: {path} is absent, expected {str(wanted)[:100]!r}")
            continue
        total += 1
        equal += is_same
        if not is_same:
            score.differences.append(f"{name}: {path} is {str(mine)[:100]}, expected {str(wanted)[:100]!r}")
    score.ocsf["attributes"] += total
    score.ocsf["equal"] += equal
    score.ocsf["good_pairs"] += equal >= 0.9 * total


def attributes_of(ours: dict, theirs: dict):
    """Every attribute of the expectation that OCSF 1.8.0 knows in our class: path, ours, theirs, whether they agree."""
    for key, wanted in theirs.items():
        if key not in NOT_COMPARED:
            yield from compare_attribute(ocsf.attributes_of_class(ours["class_uid"]), ours, theirs, (key,))


def compare_attribute(attributes: dict, ours: dict, theirs: dict, path: tuple[str, ...]):
    key, dotted = path[-1], ".".join(path)
    attribute, wanted = attributes.get(key), theirs.get(key)
    if attribute is None or key.endswith("_dt") or any(dotted == one or dotted.startswith(one + ".") for one in NOT_COMPARED_PATHS):
        return
    if attribute.get("type") == "object_t" and ocsf.attributes_of_object(attribute["object_type"]):
        for element in as_list(wanted):
            if isinstance(element, dict):
                yield from compare_object(attribute["object_type"], as_list(ours.get(key)), element, path)
        return
    for inner, value in flatten(wanted):
        if not says_nothing(attributes, key, theirs, value):
            yield compare_scalar(attributes, ours, theirs, (*path, *inner), value, len(path))


def compare_object(object_type: str, candidates: list, theirs: dict, path: tuple[str, ...]):
    """Compares with the element of the same key, or else with the one that agrees in most."""
    attributes = ocsf.attributes_of_object(object_type)
    candidates = [candidate for candidate in candidates if isinstance(candidate, dict)]
    identity = KEYS.get(object_type)
    if identity in theirs:
        candidates = [candidate for candidate in candidates if same(candidate.get(identity), theirs[identity])]
    results = [[one for key in theirs for one in compare_attribute(attributes, ours, theirs, (*path, key))] for ours in candidates or [{}]]
    yield from max(results, key=lambda result: sum(is_same for *_, is_same in result))


def says_nothing(attributes: dict, key: str, theirs: dict, value) -> bool:
    """True for the number 0 of an enumeration, which is Unknown, for its caption, and for a dash."""
    enum = attributes[key].get("enum") or {}
    if value == NOTHING:
        return True
    if value == 0 and enum.get("0", {}).get("caption") == "Unknown":
        return True
    id_key = ocsf.id_of_caption(attributes).get(key)
    return id_key is not None and theirs.get(id_key) == 0


def compare_scalar(attributes: dict, ours: dict, theirs: dict, path: tuple[str, ...], value, depth: int):
    key, dotted = path[depth - 1], ".".join(path)
    found = [one for inner, one in flatten(ours.get(key)) if inner == path[depth:]]
    if not found:
        return dotted, ABSENT, value, False
    id_key = ocsf.id_of_caption(attributes).get(key)
    ids_agree = id_key is not None and id_key in theirs and same(ours.get(id_key), theirs[id_key])
    is_same = ids_agree or any(same(one, value, attributes[key].get("type", "")) for one in found)
    if dotted == "metadata.log_name":
        is_same = is_same or any(str(one) == str(value).removesuffix(".log") for one in found)
    return dotted, found if len(found) > 1 else found[0], value, is_same


def get(event: dict, path: str):
    if path in event:
        return event[path]
    value = event
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def load_actions() -> dict[str, list[dict]]:
    """What ECS actions that name a kind of event are in OCSF: by action, the attributes of which all must be so."""
    found: dict[str, list[dict]] = {}
    for entry in tomllib.loads((Path(__file__).parent / "actions.toml").read_text())["action"]:
        found.setdefault(entry["ecs"].lower(), []).append(entry["ocsf"])
    return found


ACTIONS = load_actions()


def is_action(event: dict, action: str) -> bool:
    return any(all(get(event, path) == value for path, value in attributes.items()) for attributes in ACTIONS.get(action.lower(), []))


def compare_ecs(score, name: str, ours: dict, theirs: dict, listed) -> None:
    everything = {str(value).strip().lower() for path, value in flatten(ours) if path[0] != "raw_data"}
    values = {str(value).strip().lower() for path, value in flatten(ours) if path[0] not in ("raw_data", "unmapped")}
    loose = values | {part for value in values for part in value.replace("\\", "/").split("/")} | {value.split("@")[0] for value in values}
    loose |= {value.removesuffix("$") for value in loose}
    addresses = {address(value) for value in values} - {None}

    def check(kind: str, path: str, found: bool, wanted, had="not in the event") -> None:
        if wanted == NOTHING or not found and listed.covers(path):
            return
        score.ecs[kind][1] += 1
        score.ecs[kind][0] += found
        if not found:
            score.differences.append(f"{name}: {path} is {str(had)[:100]}, expected {str(wanted)[:100]!r}")

    wanted = milliseconds(get(theirs, "@timestamp"))
    if wanted is not None:
        check("time", "@timestamp", abs(ours["time"] - wanted) < 1000, get(theirs, "@timestamp"), ours["time"])
    for path in ("source.ip", "destination.ip", "client.ip", "server.ip"):
        for wanted in as_list(get(theirs, path)):
            check("ip", path, address(wanted) in addresses, wanted)
    # A host of ECS has all its addresses, a device of OCSF one; the others are in `unmapped`.
    for wanted in as_list(get(theirs, "host.ip")):
        check("ip", "host.ip", address(wanted) in {address(value) for value in everything}, wanted)
    for path in ("source.port", "destination.port"):
        if (wanted := get(theirs, path)) is not None:
            check("port", path, str(wanted) in values, wanted)
    for path in ("user.name", "user.target.name", "user.id", "user.email"):
        if (wanted := get(theirs, path)) is not None:
            check("user", path, any(str(one).strip().lower() in loose for one in as_list(wanted)), wanted)
    for path in ("event.action", "action.name"):
        if (wanted := get(theirs, path)) is not None:
            wanted = str(wanted).strip()
            had = f"class {ours['class_uid']}/{ours['activity_id']}, code {ours['metadata'].get('event_code')}"
            check("action", path, wanted.lower() in loose or is_action(ours, wanted), wanted, had)
    if (wanted := get(theirs, "event.code")) is not None:
        check("code", "event.code", same(ours["metadata"].get("event_code", ""), wanted), wanted, ours["metadata"].get("event_code"))
    if (wanted := get(theirs, "event.outcome")) in ("success", "failure"):
        check("outcome", "event.outcome", ours.get("status", "").lower() == wanted, wanted, ours.get("status"))
    for path in ("process.hash.sha256", "process.hash.md5", "file.hash.sha256", "file.hash.sha1", "file.hash.md5"):
        if (wanted := get(theirs, path)) is not None:
            check("hash", path, str(wanted).lower() in values, wanted)
