-- Pairs that the probabilistic pass weighed and did not choose, seen from each of their two items.
with

items as (select * from {{ ref('int_items__unsettled') }}),

pairs as (
    select *
    from {{ ref('int_pairs__probabilistic') }}
    where
        rank_for_expected <= {{ search_limit('candidates_shown') }}
        and rank_for_actual <= {{ search_limit('candidates_shown') }}
),

links as (select * from {{ ref('int_links__probabilistic') }}),

lost as (
    select
        pairs.*,
        case
            when pairs.rank_for_expected > 1 or pairs.rank_for_actual > 1 then 'another_fits_better'
            else 'too_unlikely'
        end as why_not
    from pairs
    left join links
        on
            pairs.expected_unit = links.expected_unit
            and pairs.actual_unit = links.actual_unit
    where links.group_name is null
),

sides as (
    select
        lost.expected_unit as item_key,
        lost.actual_unit as other_item_key,
        lost.probability,
        lost.why_not,
        {{ score_parts('lost') }} as score_parts
    from lost
    union all
    select
        lost.actual_unit as item_key,
        lost.expected_unit as other_item_key,
        lost.probability,
        lost.why_not,
        {{ score_parts('lost') }} as score_parts
    from lost
),

final as (
    select
        items.item_key,
        items.reconciliation,
        items.item_type,
        items.item_id,
        cast(null as {{ dbt.type_string() }}) as match_id,
        other_items.item_type as other_item_type,
        other_items.item_id as other_item_id,
        sides.probability as score,
        sides.score_parts,
        sides.why_not
    from sides
    inner join items
        on sides.item_key = items.item_key
    inner join items as other_items
        on sides.other_item_key = other_items.item_key
    where
        items.status in ('open', 'partial', 'in_review')
        and other_items.status in ('open', 'partial', 'in_review')
)

select * from final
