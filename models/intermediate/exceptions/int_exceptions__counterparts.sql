-- The items that a suggestion, a copy or a return binds to an item with an exception, in words: the
-- other side first, then the largest, three of them. Behind them what else would fit an item that
-- several fit, though something else has it. Thousands may be bound together, so they are put in
-- order once for all that have the same bonds.
with

bonds as (select * from {{ ref('int_exceptions__bonds') }}),

current_exceptions as (select * from {{ ref('int_exceptions__current') }}),

items as {{ read_in_place() }} (select * from {{ ref('int_items__balanced') }}),

currencies as (select * from {{ ref('currencies') }}),

bound as (
    select
        current_exceptions.item_key,
        current_exceptions.side,
        current_exceptions.item_type,
        current_exceptions.item_id,
        {{ sorted_text_agg('bonds.bond_id') }} as bond_ids
    from current_exceptions
    inner join bonds
        on current_exceptions.item_key = bonds.item_key
    group by
        current_exceptions.item_key,
        current_exceptions.side,
        current_exceptions.item_type,
        current_exceptions.item_id
),

shared_bonds as (
    select distinct
        bound.bond_ids,
        bonds.bond_id
    from bound
    inner join bonds
        on bound.item_key = bonds.item_key
),

-- one record counts once, in however many reconciliations it is listed
records as (
    select
        shared_bonds.bond_ids,
        items.item_type,
        items.item_id,
        min(items.item_key) as item_key
    from shared_bonds
    inner join bonds
        on shared_bonds.bond_id = bonds.bond_id
    inner join items
        on bonds.item_key = items.item_key
    group by shared_bonds.bond_ids, items.item_type, items.item_id
),

rivals as (
    select
        current_exceptions.item_key,
        items.item_type,
        items.item_id,
        min(items.item_key) as other_item_key
    from current_exceptions
    inner join {{ ref('int_match_candidates') }} as candidates
        on current_exceptions.item_key = candidates.item_key
    inner join items
        on
            candidates.reconciliation = items.reconciliation
            and candidates.other_item_type = items.item_type
            and candidates.other_item_id = items.item_id
    where
        current_exceptions.condition = 'review_several_fit'
        and candidates.why_not = 'same_amount_not_chosen'
    group by current_exceptions.item_key, items.item_type, items.item_id
),

named as (
    select records.item_key
    from records
    union
    select rivals.other_item_key as item_key
    from rivals
),

worded as (
    select
        items.item_key,
        items.side,
        abs(items.amount) as amount,
        {{ item_in_words('items') }}
        || ' over ' || {{ amount_text_minor('abs(items.amount)', 'currencies.minor_digits') }}
        || ' ' || items.currency as words
    from named
    inner join items
        on named.item_key = items.item_key
    left join currencies
        on items.currency = currencies.code
),

-- an item is one of its records, so of each side one more than is told
in_order as (
    select
        records.bond_ids,
        records.item_type,
        records.item_id,
        worded.item_key,
        worded.side,
        worded.amount,
        worded.words,
        count(*) over (partition by records.bond_ids) as record_count,
        count(*) over (partition by records.bond_ids, worded.words) as same_words_count,
        row_number() over (
            partition by records.bond_ids, worded.side
            order by worded.amount desc nulls last, worded.item_key asc nulls last
        ) as place
    from records
    inner join worded
        on records.item_key = worded.item_key
),

bound_others as (
    select
        bound.item_key,
        in_order.item_id,
        0 as distance,
        case when in_order.side = bound.side then 1 else 0 end as is_own_side,
        in_order.amount,
        in_order.item_key as other_item_key,
        in_order.words,
        in_order.same_words_count
        - case when own.words = in_order.words then 1 else 0 end as same_words_count,
        in_order.record_count - case when own.words is null then 0 else 1 end as record_count
    from bound
    inner join in_order
        on bound.bond_ids = in_order.bond_ids
    left join in_order as own
        on
            bound.bond_ids = own.bond_ids
            and bound.item_type = own.item_type
            and bound.item_id = own.item_id
    where
        in_order.place <= 4
        and (bound.item_type <> in_order.item_type or bound.item_id <> in_order.item_id)
),

rival_others as (
    select
        rivals.item_key,
        rivals.item_id,
        1 as distance,
        0 as is_own_side,
        worded.amount,
        rivals.other_item_key,
        worded.words,
        1 as same_words_count,
        cast(null as bigint) as record_count
    from rivals
    inner join worded
        on rivals.other_item_key = worded.item_key
    left join bound
        on rivals.item_key = bound.item_key
    left join records
        on
            bound.bond_ids = records.bond_ids
            and rivals.item_type = records.item_type
            and rivals.item_id = records.item_id
    where records.item_key is null
),

others as (
    select * from bound_others
    union all
    select * from rival_others
),

-- what its words do not tell apart is told by its id
described as (
    select
        others.item_key,
        others.words
        || case
            when
                others.same_words_count > 1
                or count(*) over (partition by others.item_key, others.words) > 1
                then ' (' || others.item_id || ')'
            else ''
        end as words,
        row_number() over (
            partition by others.item_key
            order by
                others.distance asc nulls last,
                others.is_own_side asc nulls last,
                others.amount desc nulls last,
                others.other_item_key asc nulls last
        ) as place,
        others.distance,
        others.record_count
    from others
),

counted as (
    select
        described.item_key,
        max(case when described.place = 1 then described.words end) as first_words,
        max(case when described.place = 2 then described.words end) as second_words,
        max(case when described.place = 3 then described.words end) as third_words,
        coalesce(max(described.record_count), 0) + sum(described.distance) as other_count
    from described
    group by described.item_key
),

final as (
    select
        counted.item_key,
        concat_ws(', ', counted.first_words, counted.second_words, counted.third_words)
        || case
            when counted.other_count > 3
                then
                    ' and ' || cast(counted.other_count - 3 as {{ dbt.type_string() }}) || ' more'
            else ''
        end as others
    from counted
)

select * from final
