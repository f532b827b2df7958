"""Reads plain data as a scenario and tells every fault at once.

Each field and each entity is read on its own; what could be read is then checked for consistency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Annotated, Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from matcher.errors import Fault, Path, nearest
from matcher.scenario.consistency import COLLECTIONS, MOST_FAULTS, Parts, consistency_faults
from matcher.scenario.decisions import Decisions
from matcher.scenario.entities import FundingOffer, TechnicalOffer
from matcher.scenario.fields import Id
from matcher.scenario.format import ScenarioFields
from matcher.scenario.sizes import size_faults

CURRENT = 2
"""Version of the format in which scenarios are held: files of earlier ones are read with its meaning."""
_ID: TypeAdapter[str] = TypeAdapter(Id)
MOST_VALUES = 50_000
"""Values in one entity, one decision or one other field: far more than there are States, each of which it may name."""


def read_values(data: object) -> tuple[dict[str, Any] | None, list[Fault]]:
    """Returns the values of a scenario's fields, or None with every fault found (paths lead into `data`)."""
    if not isinstance(data, Mapping):
        return None, [Fault((), words(data), "a mapping of the scenario's fields")]
    values, declared, faults = _read_fields(data)
    if len(faults) >= MOST_FAULTS:
        return None, [*faults[:MOST_FAULTS], Fault((), f"{MOST_FAULTS} faults", "fewer: checking stopped here")]
    parts = Parts(
        {name: values.get(name, {}) for name in COLLECTIONS},
        declared,
        values.get("horizon"),
        values.get("currency"),
        **{name: values[name] for name in ("decisions", "objectives") if name in values},
        earlier=isinstance(data.get("decisions"), Mapping) and bool(data["decisions"].get("earlier")),
    )
    faults += consistency_faults(parts)
    if parts.horizon is not None and parts.currency is not None:
        faults += islice(size_faults(parts.entities, parts.horizon, parts.currency.code), MOST_FAULTS)
    if faults:
        return None, faults
    return {**values, **{name: list(parts.entities[name].values()) for name in COLLECTIONS}}, []


def _read_fields(data: Mapping[Any, Any]) -> tuple[dict[str, Any], dict[str, frozenset[str]], list[Fault]]:
    """Reads each top-level field by itself; collections entity by entity."""
    values: dict[str, Any] = {}
    declared = {name: frozenset[str]() for name in COLLECTIONS}
    faults = [
        Fault((key,), f"unknown field {words(key)}", "a field of a scenario", nearest(key, ScenarioFields.model_fields))
        for key in islice((key for key in data if key not in ScenarioFields.model_fields), MOST_FAULTS)
    ]
    for name, info in ScenarioFields.model_fields.items():
        if name not in data:
            if info.is_required():
                faults.append(Fault((name,), "nothing", f"the field '{name}'"))
        elif name in COLLECTIONS:
            values[name], declared[name], more = _read_collection(name, data[name])
            faults += more
        elif name == "decisions" and isinstance(data[name], Mapping):
            values[name], more = read_decisions(data[name])
            faults += more
        else:
            value, more = _read(_adapter(name), data[name], (name,))
            faults += more
            if not more:
                values[name] = CURRENT if name == "matcher" else value
    return values, declared, faults


def read_decisions(data: Mapping[Any, Any]) -> tuple[Decisions, list[Fault]]:
    """Returns the decisions of a scenario but for kinds of which some cannot be read, and every fault of those.

    What is wrong with one kind does not hide what others contradict.
    """
    good: dict[Any, Any] = {}
    faults: list[Fault] = []
    for key, value in data.items():
        if len(faults) >= MOST_FAULTS:
            break
        if key in Decisions.model_fields and isinstance(value, list | tuple):
            value, more = _read_list(_decision_adapter(key), value, ("decisions", key))
        else:
            _, more = _read(_adapter("decisions"), {key: value}, ("decisions",))
        faults += more
        if not more:
            good[key] = value
    return Decisions.model_validate(good), faults


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    """What reads a field with its constraints; of a collection, one entity. To make it takes longer than to use it."""
    info = ScenarioFields.model_fields[name]
    if name in COLLECTIONS:
        (entity,) = get_args(info.annotation)
        return TypeAdapter(entity)
    annotation: Any = info.annotation
    return TypeAdapter(Annotated[annotation, *info.metadata] if info.metadata else annotation)


@cache
def _decision_adapter(name: str) -> TypeAdapter[Any]:
    """What reads one decision of a kind."""
    one, _ = get_args(Decisions.model_fields[name].annotation)
    return TypeAdapter(one)


def read_entity(collection: str, key: str, fields: Mapping[str, Any]) -> tuple[Any, list[Fault]]:
    """Returns the entity of a collection that fields and an id describe, None if it cannot be read; and every fault."""
    _, faults = _read(_ID, key, (collection, key))
    entity, more = _read(_adapter(collection), {**fields, "id": key}, (collection, key))
    return entity, faults + more


def _read_list(adapter: TypeAdapter[Any], data: Sequence[object], path: Path) -> tuple[tuple[Any, ...], list[Fault]]:
    """Reads the items of a list, each on its own: together, a million wrong ones would fill the memory."""
    read: list[Any] = []
    faults: list[Fault] = []
    for at, item in enumerate(data):
        if len(faults) >= MOST_FAULTS:
            break
        value, more = _read(adapter, item, (*path, at))
        read.append(value)
        faults += more
    return tuple(read), faults


def _read_collection(name: str, data: object) -> tuple[dict[str, Any], frozenset[str], list[Fault]]:
    """Reads the entities of one collection, each on its own."""
    if not isinstance(data, Mapping):
        return {}, frozenset(), [Fault((name,), words(data), "a mapping from id to fields")]
    adapter = _adapter(name)
    read: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, fields in data.items():
        if len(faults) >= MOST_FAULTS:
            break  # nobody reads on, and what makes a million faults would take minutes
        _, more = _read(_ID, key, (name, key))
        if not isinstance(fields, Mapping):
            more.append(Fault((name, key), words(fields), "a mapping of fields"))
        elif "id" in fields:
            more.append(Fault((name, key, "id"), words(fields["id"]), "no field 'id': the key is the id"))
        elif not more:
            value, more = _read(adapter, {**fields, "id": key}, (name, key))
            if not more:
                read[key] = value
        faults += more
    return read, frozenset(key for key in data if isinstance(key, str)), faults


def _read(adapter: TypeAdapter[Any], data: object, path: Path) -> tuple[Any, list[Fault]]:
    if holds_more(data, MOST_VALUES):
        return None, [Fault(path, f"more than {MOST_VALUES} values", "fewer in one place")]
    try:
        return adapter.validate_python(data), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)
        return None, [_fault(detail, data, path) for detail in details[:MOST_FAULTS]]


def holds_more(data: object, most: int) -> bool:
    """Returns whether lists and mappings hold more than so many values, on all levels together."""
    count, inside = 0, [data]
    while inside:
        here = inside.pop()
        if isinstance(here, dict | list | tuple):
            count += len(here)
            if count > most:
                return True
            values = here.values() if isinstance(here, dict) else here
            inside += [each for each in values if isinstance(each, dict | list | tuple)]
    return False


def _fault(detail: ErrorDetails, data: object, path: Path) -> Fault:
    """Says one of pydantic's errors in our words."""
    where = path + _real_path(detail["loc"], data)
    kind, found, ctx = detail["type"], words(detail["input"]), detail.get("ctx", {})
    if kind == "extra_forbidden":
        known = _fields_at(path, detail["loc"])
        return Fault(where, f"unknown field {words(where[-1])}", _listed("one of", known), nearest(where[-1], known))
    if kind == "missing":
        return Fault(where, "nothing", f"the field '{where[-1]}'")
    if kind == "literal_error":
        names = [part.strip("' ") for part in str(ctx["expected"]).replace(" or ", ", ").split(",")]
        return Fault(where, found, _listed("one of", names), nearest(detail["input"], names))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        given = detail["input"].get("kind") if isinstance(detail["input"], Mapping) else None
        return Fault(
            (*where, "kind"), words(given), "'funding' or 'technical'", nearest(given, ["funding", "technical"])
        )
    if kind == "string_pattern_mismatch" and len(where) > 1 and where[-1] == detail["input"]:
        return Fault(where, found, "an id: a letter, then at most 63 letters, digits, '_', '.' or '-'")
    message = detail["msg"]
    for start in ("Input should be ", "expected ", "Value error, "):
        message = message.removeprefix(start)
    return Fault(where, found, message)


def _listed(start: str, names: list[str]) -> str:
    return f"{start} {', '.join(names)}"


def _real_path(loc: tuple[int | str, ...], data: object) -> Path:
    """Drops from pydantic's location what is not in the data: union tags and ``[key]`` marks."""
    path: list[int | str] = []
    here: Any = data
    for at, part in enumerate(loc):
        last = at == len(loc) - 1
        if isinstance(here, Mapping) and part in here:
            here = here[part]
        elif isinstance(here, Mapping) and str(part).isdigit() and int(part) in here:
            part, here = int(part), here[int(part)]
        elif isinstance(here, list | tuple) and isinstance(part, int) and part < len(here):
            here = here[part]
        elif not last or part in ("[key]", "by_year", "every", "funding", "technical"):
            continue
        path.append(part)
    return tuple(path)


def _fields_at(path: Path, loc: tuple[int | str, ...]) -> list[str]:
    """The field names known at a place, found by walking the models along pydantic's location."""
    if path[0] == "offers":
        tag = loc[0] if loc else "funding"
        model: Any = TechnicalOffer if tag == "technical" else FundingOffer
    elif path[0] in COLLECTIONS:
        (model,) = get_args(ScenarioFields.model_fields[str(path[0])].annotation)
    else:
        model = ScenarioFields.model_fields[str(path[0])].annotation
    for part in (*(() if path[0] in COLLECTIONS else path[1:]), *loc[:-1]):
        inner = model.model_fields.get(part) if isinstance(part, str) and _is_model(model) else None
        model = _model_in(inner.annotation) if inner is not None else model
    return sorted(set(model.model_fields) - {"id"}) if _is_model(model) else []


def _is_model(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)


def _model_in(annotation: Any) -> Any:
    """The first model named inside a type, or the type itself."""
    if _is_model(annotation):
        return annotation
    found = [inner for arg in get_args(annotation) if _is_model(inner := _model_in(arg))]
    return found[0] if found else annotation


def words(value: object) -> str:
    """Returns a value as a file would show it, cut to a readable length."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
