{#-
    From links to settled matches: the body of every int_wave__ model.

    A pass says which units belong together (its int_links__ model); a wave settles the links of its
    passes at once. The steps are macros beside this one, in their order: `group_links`, `price_groups`,
    `relate_groups`, `allocate_groups`, `judge_groups`. What closes by itself is told by rows of
    seeds/match_rules.csv; anything doubtful is named and left to a person.

    open_model: what is still open before the wave.
    links_models: the models of its passes. Their columns: reconciliation, expected_unit, actual_unit,
    evidence, is_ambiguous, is_weak, stated_amount, link_ambiguity (a code of
    seeds/match_ambiguities.csv, or null), group_name (null where connected links are a group). A pass is
    called as its model is; int_links__remainder says itself which pass its groups are of.
    defers_differences, asks_once: see `judge_groups`.

    Yields one row per item in a group.
-#}
{% macro settle(open_model, links_models, defers_differences=false, asks_once=false) %}
{{- config(meta={'kept': {'of': rows_that_matter_to_a_wave(open_model, links_models, asks_once)}}) -}}
with

open_items as (select * from {{ ref(open_model) }}),

links as (
    {%- for model in links_models %}
    {% if not loop.first %}union all{% endif %}
    select
        {{ 'pass_links.pass' if model == 'int_links__remainder'
            else "'" ~ model.split('__')[1] ~ "'" }} as pass,
        pass_links.reconciliation,
        pass_links.expected_unit,
        pass_links.actual_unit,
        pass_links.evidence,
        pass_links.is_ambiguous,
        pass_links.is_weak,
        pass_links.stated_amount,
        pass_links.link_ambiguity,
        pass_links.group_name
    from {{ ref(model) }} as pass_links
    {%- endfor %}
),

{{ rule_arms() }},

currencies as (select * from {{ ref('currencies') }}),

fx_rates as (select * from {{ ref('int_fx_rates__daily') }}),

allowances as (select * from {{ ref('int_item_allowances') }}),

{{ group_links() }},

{{ price_groups() }},

{{ relate_groups() }},

{{ allocate_groups() }},

{{ judge_groups(defers_differences, asks_once) }},

final as (
    select
        settled_groups.pass,
        settled_groups.group_name,
        settled_groups.rule_id,
        settled_groups.rule_version,
        settled_groups.relation,
        settled_groups.ambiguity,
        settled_groups.evidence,
        settled_groups.expected_amount as expected_total,
        settled_groups.actual_amount as actual_total,
        allocated.item_key,
        settled_groups.match_currency,
        cast(
            case
                when allocated.remaining_amount < 0 then -allocated.item_part
                else allocated.item_part
            end as {{ amount_type() }}
        ) as allocated_amount,
        cast(
            case
                when not settled_groups.closes_difference then 0
                when allocated.remaining_amount < 0
                    then -(abs(allocated.remaining_amount) - allocated.item_part)
                else abs(allocated.remaining_amount) - allocated.item_part
            end as {{ amount_type() }}
        ) as adjusted_amount,
        cast(
            case
                when allocated.remaining_amount < 0 then -allocated.match_part
                else allocated.match_part
            end as {{ amount_type() }}
        ) as match_amount,
        cast(
            case
                when not settled_groups.closes_difference then 0
                when allocated.remaining_amount < 0
                    then -(abs(allocated.remaining_in_match) - allocated.match_part)
                else abs(allocated.remaining_in_match) - allocated.match_part
            end as {{ amount_type() }}
        ) as match_adjusted_amount
    from settled_groups
    inner join allocated
        on settled_groups.group_name = allocated.group_name
    where
        allocated.item_part > 0
        -- what undoes an item of the match belongs to it, covered or not: else it would seem to
        -- arrive in the next run
        or (allocated.item_key <> allocated.unit_key and allocated.covered_total > 0)
        -- what came to zero belongs to a group that adds up
        or (allocated.remaining_amount = 0 and settled_groups.relation = 'exact')
        or settled_groups.closes_difference
        or settled_groups.ambiguity is not null
        -- A payment of which credit memos leave nothing to pay belongs to them: what undoes it later
        -- joins this match.
        or (
            allocated.side = 'actual'
            and settled_groups.relation = 'overpaid'
            and settled_groups.expected_amount = 0
            and allocated.covered_total > 0
        )
        -- a document whose payment went back again is still what it was for
        or (
            allocated.side = 'expected'
            and settled_groups.has_money_going_back = 1
            and allocated.covered_total > 0
        )
)

select * from final
{% endmacro %}


{#-
    Of which rows of its inputs a change is a reason to compute a wave again (`of` in
    macros/kept/keep.sql): of items of the units that its links name, of what may be missing from
    those, of documents that have an amount of theirs, and of their payers.
-#}
{% macro rows_that_matter_to_a_wave(open_model, links_models, asks_once) %}
    {%- set units = [] -%}
    {%- for model in links_models -%}
        {%- for side in ['expected_unit', 'actual_unit'] -%}
            {%- do units.append('select ' ~ side ~ ' from intermediate.' ~ model) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set is_linked = 'anchor_item_key in (' ~ units | join(' union all ') ~ ')' -%}
    {%- set of_linked = ' from intermediate.' ~ open_model ~ ' where ' ~ is_linked -%}
    {%- set is_of_linked = 'item_key in (select item_key' ~ of_linked ~ ')' -%}
    {%- set of = {
        open_model: is_linked,
        'int_item_allowances': is_of_linked,
        'int_items': is_of_linked
        ~ ' or (reconciliation, family_id, currency, amount) in ('
        ~ 'select (reconciliation, family_id, currency, amount)' ~ of_linked ~ ')'
        ~ ' or (currency, amount) in (select (original_currency, original_amount)'
        ~ ' from intermediate.int_items where ' ~ is_of_linked ~ ')',
    } -%}
    {%- if asks_once -%}
        {%- do of.update({
            'int_payers__unchanged': '(reconciliation, family_id, currency) in ('
            ~ 'select (reconciliation, family_id, currency)' ~ of_linked ~ ')',
        }) -%}
    {%- endif -%}
    {%- do return(of) -%}
{% endmacro %}
