-- The items that a suggestion, a copy or a return binds to an item with an exception, in words: the
-- other side first, then the largest, three of them. Behind them what else would fit an item that
-- several fit, though something else has it.
with

bonds as (select * from {{ ref('int_exceptions__bonds') }}),

current_exceptions as (select * from {{ ref('int_exceptions__current') }}),

items as (select * from {{ ref('int_items__balanced') }}),

currencies as (select * from {{ ref('currencies') }}),

bonded as (
    select
        current_exceptions.item_key,
        current_exceptions.side,
        others.item_key as other_item_key,
        0 as distance
    from current_exceptions
    inner join bonds
        on current_exceptions.item_key = bonds.item_key
    inner join bonds as others
        on bonds.bond_id = others.bond_id
    inner join items
        on others.item_key = items.item_key
    where
        current_exceptions.item_type <> items.item_type
        or current_exceptions.item_id <> items.item_id
),

rivals as (
    select
        current_exceptions.item_key,
        current_exceptions.side,
        items.item_key as other_item_key,
        1 as distance
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
),

-- one record counts once, in however many reconciliations it is listed
pairs as (
    select
        known.item_key,
        known.side,
        items.item_type,
        items.item_id,
        min(known.other_item_key) as other_item_key,
        min(known.distance) as distance
    from (
        select * from bonded
        union all
        select * from rivals
    ) as known
    inner join items
        on known.other_item_key = items.item_key
    group by known.item_key, known.side, items.item_type, items.item_id
),

worded as (
    select
        pairs.item_key,
        pairs.item_id,
        pairs.distance,
        case when items.side = pairs.side then 1 else 0 end as is_own_side,
        abs(items.amount) as amount,
        items.item_key as other_item_key,
        {{ item_in_words('items') }}
        || ' over ' || {{ amount_text_minor('abs(items.amount)', 'currencies.minor_digits') }}
        || ' ' || items.currency as words
    from pairs
    inner join items
        on pairs.other_item_key = items.item_key
    left join currencies
        on items.currency = currencies.code
),

-- what its words do not tell apart is told by its id
described as (
    select
        worded.item_key,
        worded.words
        || case
            when count(*) over (partition by worded.item_key, worded.words) > 1
                then ' (' || worded.item_id || ')'
            else ''
        end as words,
        row_number() over (
            partition by worded.item_key
            order by
                worded.distance asc nulls last,
                worded.is_own_side asc nulls last,
                worded.amount desc nulls last,
                worded.other_item_key asc nulls last
        ) as place
    from worded
),

final as (
    select
        described.item_key,
        concat_ws(
            ', ',
            max(case when described.place = 1 then described.words end),
            max(case when described.place = 2 then described.words end),
            max(case when described.place = 3 then described.words end)
        )
        || case
            when count(*) > 3
                then ' and ' || cast(count(*) - 3 as {{ dbt.type_string() }}) || ' more'
            else ''
        end as others
    from described
    group by described.item_key
)

select * from final
