{#-
    CTEs that end in `components`: for each row of CTE `relation` (bond_id, item_key) the component
    that its item belongs to, as `component` (the least item_key in it). Items of one bond are
    connected.

    Every row starts with a label of its item and takes the least label of its bond, then of its
    item, then of all that had the label that it had. Labels are hashes, so that in a long chain about
    every third is a local minimum and a round leaves a part of them: twelve rounds do for a chain of a
    thousand bonds. A longer one is caught by assert_every_case_has_one_lead. No recursion: Spark 4.0 has
    none.
-#}
{% macro connected_components(relation, rounds=12) %}
labels_0 as {{ materialized() }} (
    select
        {{ relation }}.bond_id,
        {{ relation }}.item_key,
        {{ sha256_hex(relation ~ '.item_key') }} as label
    from {{ relation }}
),
{% for round in range(rounds) %}
bond_labels_{{ round }} as {{ materialized() }} (
    select
        labels_{{ round }}.*,
        min(labels_{{ round }}.label) over (partition by labels_{{ round }}.bond_id) as bond_label
    from labels_{{ round }}
),

item_labels_{{ round }} as {{ materialized() }} (
    select
        bond_labels_{{ round }}.*,
        min(bond_labels_{{ round }}.bond_label)
            over (partition by bond_labels_{{ round }}.item_key) as item_label
    from bond_labels_{{ round }}
),

labels_{{ round + 1 }} as {{ materialized() }} (
    select
        item_labels_{{ round }}.bond_id,
        item_labels_{{ round }}.item_key,
        min(item_labels_{{ round }}.item_label)
            over (partition by item_labels_{{ round }}.label) as label
    from item_labels_{{ round }}
),
{% endfor %}
components as (
    select
        labels_{{ rounds }}.bond_id,
        labels_{{ rounds }}.item_key,
        min(labels_{{ rounds }}.item_key) over (partition by labels_{{ rounds }}.label) as component
    from labels_{{ rounds }}
)
{% endmacro %}
