"""The project keeps the rules of its layers and its documentation, and the rules see it if not.

A rule is a pure function of dbt's manifest that gives one line for each violation: what, where, how
to mend. Each has a mutation below that breaks it.
"""

from __future__ import annotations

import copy
import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[3]
Manifest = dict[str, Any]
Node = dict[str, Any]
Change = Callable[[Manifest], None]

# A model reads its own layer or a lower one; sources are read by staging alone.
LAYERS = {"seeds": 0, "sources": 0, "staging": 1, "intermediate": 2, "marts": 3}


def layer(node: Node) -> str | None:
    """The layer of a seed, a source or a model; None where it is in none."""
    if node["resource_type"] in ("seed", "source"):
        return f"{node['resource_type']}s"
    folder = node["fqn"][1]
    return folder if folder in LAYERS else None


def models(manifest: Manifest) -> Iterator[Node]:
    """The models of this project, by name."""
    found = (node for node in manifest["nodes"].values() if node["resource_type"] == "model")
    return iter(sorted(found, key=lambda node: str(node["name"])))


def upward_edges(manifest: Manifest) -> list[str]:
    """Models that read a higher layer, or a source past staging."""
    everything = manifest["nodes"] | manifest["sources"]
    lines = []
    for model in models(manifest):
        own = layer(model)
        if own is None:
            lines.append(f"{model['original_file_path']}: move it into one of {sorted(LAYERS)}")
            continue
        for parent_id in model["depends_on"]["nodes"]:
            parent = everything[parent_id]
            if parent["resource_type"] == "source" and own != "staging":
                lines.append(f"{model['name']} reads {parent_id}: read its staging model instead")
            elif LAYERS[layer(parent) or own] > LAYERS[own]:
                lines.append(f"{model['name']} ({own}) reads {parent['name']} ({layer(parent)})")
    return lines


def names_outside_their_layer(manifest: Manifest) -> list[str]:
    """Models whose name does not say their layer."""
    prefixes = {"staging": ("stg_",), "intermediate": ("int_",), "marts": ("fct_", "dim_", "agg_")}
    return [
        f"{model['name']}: names in {layer(model)} start with {prefixes[layer(model) or '']}"
        for model in models(manifest)
        if not model["name"].startswith(prefixes.get(layer(model) or "", ()))
    ]


def models_without_own_yaml(manifest: Manifest) -> list[str]:
    """Models that are not described in a file of their own name beside them."""
    lines = []
    for model in models(manifest):
        expected = PurePosixPath(model["original_file_path"]).with_suffix(".yml")
        actual = (model["patch_path"] or "://nowhere").split("://")[1]
        if actual != str(expected):
            lines.append(f"{model['name']}: describe it in {expected} (now {actual})")
    return lines


def undescribed_models(manifest: Manifest) -> list[str]:
    """Models whose description does not begin with the grain."""
    return [
        f"{model['name']}: the description must begin with `One row per`"
        for model in models(manifest)
        if not model["description"].strip().startswith("One row per")
    ]


def marts_without_contract(manifest: Manifest) -> list[str]:
    """Marts whose columns and types are not enforced."""
    return [
        f"{model['name']}: set `contract: {{enforced: true}}`"
        for model in models(manifest)
        if layer(model) == "marts" and not model["config"]["contract"]["enforced"]
    ]


def undocumented_columns(manifest: Manifest) -> list[str]:
    """Columns of staging models and marts without a description."""
    return [
        f"{model['name']}.{column['name']}: describe it, with its unit"
        for model in models(manifest)
        if layer(model) in ("staging", "marts")
        for column in model["columns"].values()
        if not column["description"].strip()
    ]


def models_without_key_test(manifest: Manifest) -> list[str]:
    """Staging models and marts whose key no test guards."""
    key_tests = {"well_formed"}
    guarded = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name") in key_tests
    }
    # A reject may be delivered twice and a statement twice in a file: these have no key.
    # Of landed rows, versions are many by design.
    keyless = {
        "stg_tieout__quarantine",
        "stg_tieout__statements",
        "stg_tieout__landed_records",
        "fct_quarantine",
    }
    return [
        f"{model['name']}: test its key with `well_formed`"
        for model in models(manifest)
        if layer(model) in ("staging", "marts")
        and model["unique_id"] not in guarded
        and model["name"] not in keyless
    ]


def ungrouped_models(manifest: Manifest) -> list[str]:
    """Models that nobody answers for."""
    return [
        f"{model['name']}: give it a group (models/groups.yml, dbt_project.yml)"
        for model in models(manifest)
        if not model["config"].get("group")
    ]


def search_limits_without_value(manifest: Manifest) -> list[str]:
    """Calls of `search_limit()` with a name that its seed lacks: nothing would be found."""
    with (PROJECT / "seeds" / "search_limits.csv").open(newline="", encoding="utf-8") as file:
        known = {row["name"] for row in csv.DictReader(file)}
    sources = [(model["name"], model["raw_code"]) for model in models(manifest)]
    sources += [
        (macro["name"], macro["macro_sql"])
        for macro in manifest["macros"].values()
        if macro["package_name"] == "tieout"
    ]
    return [
        f"{name}: seeds/search_limits.csv has no {limit!r}, add it or mend the name"
        for name, text in sources
        for limit in re.findall(r"search_limit\(\s*['\"](\w+)", text)
        if limit not in known
    ]


def built_reconciliations_without_items(manifest: Manifest) -> list[str]:
    """Reconciliations that are built and whose items nobody reads, and the other way round."""
    with (PROJECT / "seeds" / "reconciliations.csv").open(newline="", encoding="utf-8") as file:
        built = {row["name"] for row in csv.DictReader(file) if row["is_built"] == "true"}
    [items] = [model for model in models(manifest) if model["name"] == "int_items"]
    mapped = {
        parent.removeprefix("model.tieout.int_items__")
        for parent in items["depends_on"]["nodes"]
        if parent.startswith("model.tieout.int_items__")
    } - {"judged_by_people"}
    return [
        f"{name}: int_items reads int_items__{name} where seeds/reconciliations.csv has it as built"
        for name in sorted(built ^ mapped)
    ]


_TABLE_IN_SQL = re.compile(r"\b(?:staging|intermediate|marts)\.(\w+)")


def conditions_on_what_is_not_read(manifest: Manifest) -> list[str]:
    """Tables that a condition of `of` (macros/kept/keep.sql) asks, and its model does not read: a
    change of them alone would make other rows matter, and nobody would compute the model again."""
    nodes = manifest["nodes"]
    lines = []
    for model in models(manifest):
        kept = model["config"].get("meta", {}).get("kept") or {}
        read = {nodes[id]["name"] for id in model["depends_on"]["nodes"] if id in nodes}
        for condition in kept.get("of", {}).values():
            lines += [
                f"{model['name']} says which rows matter by {asked}, and does not read it"
                for asked in sorted({*_TABLE_IN_SQL.findall(condition)} - read)
            ]
    return lines


RULES: list[Callable[[Manifest], list[str]]] = [
    upward_edges,
    names_outside_their_layer,
    models_without_own_yaml,
    undescribed_models,
    marts_without_contract,
    undocumented_columns,
    models_without_key_test,
    ungrouped_models,
    search_limits_without_value,
    built_reconciliations_without_items,
    conditions_on_what_is_not_read,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_project_keeps_the_rule(rule: Callable[..., list[str]], manifest: dict[str, Any]) -> None:
    violations = rule(manifest)
    assert not violations, "\n".join(violations)


def _invoices(manifest: dict[str, Any]) -> dict[str, Any]:
    node: dict[str, Any] = manifest["nodes"]["model.tieout.stg_billing__invoices"]
    return node


def _mart(manifest: dict[str, Any]) -> dict[str, Any]:
    node: dict[str, Any] = manifest["nodes"]["model.tieout.fct_items"]
    return node


def _drop_tests(manifest: dict[str, Any]) -> None:
    for key in [k for k in manifest["nodes"] if k.startswith("test.")]:
        del manifest["nodes"][key]


# rule, how to break it, a word of the complaint
MUTATIONS: list[tuple[Callable[..., list[str]], Change, str]] = [
    (
        upward_edges,
        lambda m: _invoices(m)["depends_on"]["nodes"].append("model.tieout.fct_items"),
        "stg_billing__invoices (staging) reads fct_items (marts)",
    ),
    (
        upward_edges,
        lambda m: _mart(m)["depends_on"]["nodes"].append("source.tieout.feeds.fx_rates"),
        "read its staging model",
    ),
    (
        names_outside_their_layer,
        lambda m: _mart(m).update(name="items"),
        "items: names in marts",
    ),
    (
        models_without_own_yaml,
        lambda m: _mart(m).update(patch_path="tieout://models/marts/schema.yml"),
        "describe it in",
    ),
    (
        undescribed_models,
        lambda m: _mart(m).update(description="All items."),
        "One row per",
    ),
    (
        marts_without_contract,
        lambda m: _mart(m)["config"]["contract"].update(enforced=False),
        "fct_items",
    ),
    (
        undocumented_columns,
        lambda m: _mart(m)["columns"]["amount"].update(description=" "),
        "fct_items.amount",
    ),
    (models_without_key_test, _drop_tests, "stg_billing__invoices"),
    (
        ungrouped_models,
        lambda m: _mart(m)["config"].update(group=None),
        "fct_items",
    ),
    (
        search_limits_without_value,
        lambda m: _mart(m).update(raw_code="where 1 < {{ search_limit('sets_shwon') }}"),
        "fct_items: seeds/search_limits.csv has no 'sets_shwon'",
    ),
    (
        search_limits_without_value,
        lambda m: m["macros"]["macro.tieout.compared_pairs"].update(
            macro_sql="where 1 < {{ search_limit('sets_shwon') }}"
        ),
        "compared_pairs: seeds/search_limits.csv has no 'sets_shwon'",
    ),
    (
        built_reconciliations_without_items,
        lambda m: m["nodes"]["model.tieout.int_items"]["depends_on"]["nodes"].remove(
            "model.tieout.int_items__bill_to_payment"
        ),
        "bill_to_payment: int_items reads",
    ),
    (
        conditions_on_what_is_not_read,
        lambda m: m["nodes"]["model.tieout.int_wave__sums"]["depends_on"]["nodes"].remove(
            "model.tieout.int_links__sets"
        ),
        "int_wave__sums says which rows matter by int_links__sets",
    ),
]


@pytest.mark.parametrize(("rule", "change", "complaint"), MUTATIONS)
def test_rule_sees_the_violation(
    rule: Callable[..., list[str]],
    change: Change,
    complaint: str,
    manifest: dict[str, Any],
) -> None:
    broken = copy.deepcopy(manifest)
    change(broken)
    assert any(complaint in line for line in rule(broken)), rule(broken)


def test_every_seed_column_has_a_type(manifest: dict[str, Any]) -> None:
    """dbt reads 10.00 as an integer unless it is told the type."""
    for seed in (n for n in manifest["nodes"].values() if n["resource_type"] == "seed"):
        with (PROJECT / seed["original_file_path"]).open(newline="", encoding="utf-8") as file:
            header = next(csv.reader(file))
        assert list(seed["config"]["column_types"]) == header, seed["name"]
        assert list(seed["columns"]) == header, f"{seed['name']}: describe every column, in order"
        assert seed["description"].startswith("One row per"), seed["name"]


def test_staging_repeats_its_feed_word_for_word(manifest: dict[str, Any]) -> None:
    """Staging selects every column of its feed, and documents it as the contract does."""
    for model in models(manifest):
        sources = [s for s in model["depends_on"]["nodes"] if s.startswith("source.")]
        if not sources:
            continue
        assert len(sources) == 1, f"{model['name']} must read one source"
        source = manifest["sources"][sources[0]]
        for name, column in source["columns"].items():
            if name.startswith("_"):
                continue
            assert name in model["columns"], f"{model['name']} lacks {name}"
            ours = " ".join(model["columns"][name]["description"].split())
            theirs = " ".join(column["description"].split())
            assert ours == theirs, f"{model['name']}.{name}"


def test_every_ambiguity_becomes_an_exception_of_its_own() -> None:
    """What waits for a person says why; without a row it would pass for merely unmatched."""
    with (PROJECT / "seeds" / "match_ambiguities.csv").open(newline="", encoding="utf-8") as file:
        wanted = {f"review_{row['code']}" for row in csv.DictReader(file)}
    with (PROJECT / "seeds" / "exception_rules.csv").open(newline="", encoding="utf-8") as file:
        given = {row["condition"] for row in csv.DictReader(file)}
    assert not wanted - given, "add rows to seeds/exception_rules.csv"
