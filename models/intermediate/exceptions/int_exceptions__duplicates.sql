-- Copies that a person must see. Copies that one fault made in mass are one finding: the first
-- of them stands for all, with their number and sum. A mass that a person has resolved stays
-- resolved.
with

items as (select * from {{ ref('int_items__unsettled') }}),

members as (select * from {{ ref('int_exceptions__duplicate_items') }}),

known_groups as (
    select
        journal.group_name,
        max(case when journal.is_resolved and journal.resolved_by <> 'tieout' then 1 else 0 end)
            as is_settled
    from {{ ref('int_exceptions__journal') }} as journal
    where journal.group_name is not null
    group by journal.group_name
),

fx_rates as (
    select *
    from {{ ref('int_fx_rates__daily') }}
    where quote_currency = {{ reporting_currency() }}
),

reporting as (
    select
        run_context.reporting_currency as currency,
        currencies.minor_digits
    from {{ ref('stg_tieout__run_context') }} as run_context
    left join {{ ref('currencies') }} as currencies
        on run_context.reporting_currency = currencies.code
),

valued as (
    select
        members.*,
        items.amount,
        items.currency,
        case
            when items.currency = reporting.currency then items.amount
            else {{ round_amount('items.amount * fx_rates.rate', 'reporting.minor_digits') }}
        end as base_amount,
        reporting.currency as reporting_currency,
        row_number() over (
            partition by members.condition, members.group_name
            order by items.event_at nulls last, items.item_key nulls last
        ) as place
    from members
    inner join items
        on members.item_key = items.item_key
    cross join reporting
    left join fx_rates
        on
            items.event_date = fx_rates.rate_date
            and items.currency = fx_rates.base_currency
),

groups as (
    select
        valued.condition,
        valued.group_name,
        count(*) as item_count,
        count(distinct valued.currency) as currencies,
        sum(valued.amount) as amount,
        sum(valued.base_amount) as base_amount,
        count(valued.base_amount) as priced_count
    from valued
    group by valued.condition, valued.group_name
),

-- a mass in several currencies is told in the reporting currency, as far as there are rates
final as (
    select
        valued.item_key,
        valued.condition,
        case when valued.is_mass then valued.group_name end as group_name,
        cast(case when valued.is_mass then groups.item_count else 1 end as bigint) as item_count,
        {{ as_amount(
            'case when not valued.is_mass then valued.amount'
            ~ ' when groups.currencies = 1 then groups.amount'
            ~ ' else coalesce(groups.base_amount, valued.amount) end'
        ) }} as amount,
        case
            when
                valued.is_mass
                and groups.currencies > 1
                and groups.base_amount is not null
                then valued.reporting_currency
            else valued.currency
        end as currency,
        {{ as_amount(
            'case when not valued.is_mass then valued.base_amount'
            ~ ' when groups.currencies > 1 or groups.priced_count = groups.item_count'
            ~ ' then groups.base_amount end'
        ) }} as base_amount
    from valued
    inner join groups
        on
            valued.condition = groups.condition
            and valued.group_name = groups.group_name
    left join known_groups
        on valued.group_name = known_groups.group_name
    where
        not valued.is_mass
        or (valued.place = 1 and coalesce(known_groups.is_settled, 0) = 0)
)

select * from final
