-- The items that a suggestion, a copy or a return binds to an item with an exception, in words: the
-- other side first, then the largest, three of them.
with

bonds as (select * from {{ ref('int_exceptions__bonds') }}),

current_exceptions as (select * from {{ ref('int_exceptions__current') }}),

items as (select * from {{ ref('int_items__balanced') }}),

currencies as (select * from {{ ref('currencies') }}),

pairs as (
    select distinct
        current_exceptions.item_key,
        current_exceptions.side,
        others.item_key as other_item_key
    from current_exceptions
    inner join bonds
        on current_exceptions.item_key = bonds.item_key
    inner join bonds as others
        on bonds.bond_id = others.bond_id
    where current_exceptions.item_key <> others.item_key
),

described as (
    select
        pairs.item_key,
        {{ item_in_words('items') }}
        || ' over ' || {{ amount_text_minor('abs(items.amount)', 'currencies.minor_digits') }}
        || ' ' || items.currency as words,
        row_number() over (
            partition by pairs.item_key
            order by
                case when items.side = pairs.side then 1 else 0 end asc nulls last,
                abs(items.amount) desc nulls last,
                items.item_key asc nulls last
        ) as place
    from pairs
    inner join items
        on pairs.other_item_key = items.item_key
    left join currencies
        on items.currency = currencies.code
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
