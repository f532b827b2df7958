"""Named variants of a scenario in the same file.

::

    overrides:
      less-money:
        offers: {donor-a: {amount: 500}}
      late-start:
        horizon: [2017, 2025]

An override is a part of a scenario that is laid over it. Mappings merge key by key; every other
value (lists too) replaces what stood there; ``null`` deletes the key. A key that an override brings
in anew is taken as it is written. Overrides are laid on in the order asked for, each over the
outcome of the one before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from matcher.errors import Fault, Path, nearest
from matcher.io.document import Findings, Key, Node, Place, by_text
from matcher.scenario import Scenario
from matcher.scenario.validation import words

FIELD = "overrides"
"""Top-level field of a scenario file that holds its overrides by name."""


def overrides_of(root: Node) -> dict[str, Node]:
    """Returns the overrides of a document by name, those that are mappings."""
    return {str(name): node for name, node in _named(root).items() if isinstance(node.value, Mapping)}


def overridden(root: Node, names: Sequence[str], findings: Findings) -> Node:
    """Returns the scenario with the named overrides laid on in order, and without the rest of them."""
    if not isinstance(root.value, Mapping):
        return root
    if FIELD not in root.value and not names:
        return root
    _check(root, findings)
    base = replace(root, value={key: node for key, node in root.value.items() if key != FIELD})
    named = {str(name): node for name, node in _named(root).items()}
    deleted: set[Path] = set()
    for name in names:
        override = named.get(name)
        if override is None:
            findings.add(*_unknown(root, name, sorted(named)))
        elif isinstance(override.value, Mapping):
            fields: dict[Key, Node] = {
                key: node for key, node in override.value.items() if key in Scenario.model_fields
            }
            base = _laid_over(base, replace(override, value=fields), (), findings, deleted)
    return base


def _named(root: Node) -> Mapping[Key, Node]:
    """What stands under each name, whatever it is (YAML reads the name 2016 as a number)."""
    field = root.value.get(FIELD) if isinstance(root.value, Mapping) else None
    return field.value if field is not None and isinstance(field.value, Mapping) else {}


def _unknown(root: Node, name: str, known: list[str]) -> tuple[Place, Fault]:
    expected = f"an override of this file ({', '.join(known) or 'it has none'})"
    fault = Fault((FIELD,), f"the override {name!r} asked for", expected, nearest(name, known))
    return root.place_of(fault), fault


def _check(root: Node, findings: Findings) -> None:
    """Every override, asked for or not, is a mapping of fields that a scenario has."""
    if isinstance(root.value, Mapping) and FIELD in root.value and not isinstance(root.value[FIELD].value, Mapping):
        _note(root, Fault((FIELD,), "no mapping", "a mapping from name to the fields that differ"), findings)
    for name, override in _named(root).items():
        if not isinstance(override.value, Mapping):
            _note(root, Fault((FIELD, name), "no mapping", "a mapping of the fields that differ"), findings)
            continue
        for key in override.value:
            if key not in Scenario.model_fields:
                hint = nearest(key, Scenario.model_fields)
                fault = Fault((FIELD, name, key), f"unknown field {words(key)}", "a field of a scenario", hint)
                _note(root, fault, findings)


def _note(root: Node, fault: Fault, findings: Findings) -> None:
    findings.add(root.place_of(fault), fault)


def _laid_over(base: Node, patch: Node, path: Path, findings: Findings, deleted: set[Path]) -> Node:
    """Returns `base` with `patch` laid over it; what stays keeps its place, what is new has the patch's."""
    if not isinstance(base.value, Mapping) or not isinstance(patch.value, Mapping):
        return patch
    fields: dict[Key, Node] = dict(base.value)
    written = by_text(fields)
    for key, node in patch.value.items():
        own = written.get(str(key), key)
        where = (*path, own)
        if node.value is not None:
            fields[own] = _laid_over(fields[own], node, where, findings, deleted) if own in fields else node
        elif own in fields:
            del fields[own]
            deleted.add(where)
        elif where not in deleted:
            expected = "a key that the scenario has: null deletes it"
            hint = nearest(key, [str(each) for each in fields])
            findings.add(node.key or node.place, Fault(where, "null", expected, hint))
    return replace(base, value=fields)
