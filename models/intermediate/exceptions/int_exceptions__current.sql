-- What needs a person now, a pure function of the items: one row for each item that has any reason,
-- with the reason of highest precedence (seeds/exception_types.csv).
with

items as (select * from {{ ref('int_items__balanced') }}),

open_items as (select * from {{ ref('int_exceptions__open_items') }}),

findings as (select * from {{ ref('int_exceptions__findings') }}),

duplicates as (select * from {{ ref('int_exceptions__duplicates') }}),

refused_orders as (
    select distinct refused.first_item_key as item_key
    from {{ ref('int_orders__refused') }} as refused
    where refused.first_item_key is not null
),

rules as (select * from {{ ref('exception_rules') }}),

exception_types as (select * from {{ ref('exception_types') }}),

reconciliations as (select * from {{ ref('reconciliations') }}),

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

conditions as (
    select
        open_items.item_key,
        open_items.condition,
        true as is_required,
        cast(null as {{ amount_type() }}) as amount_in_question
    from open_items
    union all
    select
        findings.item_key,
        findings.condition,
        false as is_required,
        findings.amount_in_question
    from findings
    union all
    select
        duplicates.item_key,
        duplicates.condition,
        false as is_required,
        duplicates.amount as amount_in_question
    from duplicates
    union all
    select
        refused_orders.item_key,
        'order_refused' as condition,
        false as is_required,
        cast(null as {{ amount_type() }}) as amount_in_question
    from refused_orders
    inner join items
        on refused_orders.item_key = items.item_key
    where items.status <> 'closed'
),

item_conditions as (
    select
        conditions.item_key,
        conditions.condition,
        conditions.amount_in_question,
        items.reconciliation,
        items.side,
        items.item_type,
        items.item_id,
        items.party_id,
        items.currency,
        items.event_date,
        items.amount,
        items.open_amount,
        items.row_hash,
        max(case when conditions.is_required then 1 else 0 end)
            over (partition by conditions.item_key) as must_have_one
    from conditions
    inner join items
        on conditions.item_key = items.item_key
),

-- the most specific rule of a condition holds
ruled as (
    select
        item_conditions.*,
        rules.exception_type,
        rules.root_cause,
        exception_types.precedence,
        row_number() over (
            partition by item_conditions.item_key, item_conditions.condition
            order by
                case when rules.condition = '*' then 1 else 0 end asc nulls last,
                case when rules.reconciliation = '*' then 1 else 0 end asc nulls last,
                case when rules.item_type = '*' then 1 else 0 end asc nulls last
        ) as rule_rank
    from item_conditions
    inner join rules
        on
            rules.condition in (item_conditions.condition, '*')
            and rules.reconciliation in (item_conditions.reconciliation, '*')
            and rules.item_type in (item_conditions.item_type, '*')
    inner join exception_types
        on rules.exception_type = exception_types.exception_type
),

chosen as (
    select ruled.*
    from ruled
    where ruled.rule_rank = 1
    qualify row_number() over (
        partition by ruled.item_key
        order by ruled.precedence asc nulls last, ruled.condition asc nulls last
    ) = 1
),

-- a finding about many items has their number and sum
valued as (
    select
        chosen.*,
        duplicates.group_name,
        coalesce(duplicates.item_count, 1) as item_count,
        duplicates.base_amount as group_base_amount,
        coalesce(duplicates.currency, chosen.currency) as exception_currency,
        case
            -- a mass of debits and credits may come to zero
            when duplicates.group_name is not null then duplicates.amount
            when coalesce(chosen.amount_in_question, 0) <> 0 then chosen.amount_in_question
            when chosen.open_amount <> 0 then chosen.open_amount
            else chosen.amount
        end as exception_amount
    from chosen
    left join duplicates
        on
            chosen.item_key = duplicates.item_key
            and chosen.condition = duplicates.condition
),

final as (
    select
        valued.item_key,
        valued.reconciliation,
        valued.side,
        valued.item_type,
        valued.item_id,
        valued.exception_type,
        valued.root_cause,
        valued.condition,
        valued.must_have_one = 1 as is_required,
        case when reconciliations.party_kind = 'customer' then valued.party_id end as customer_id,
        {{ as_amount('valued.exception_amount') }} as amount,
        valued.exception_currency as currency,
        case
            when valued.group_name is not null then {{ as_amount('valued.group_base_amount') }}
            when valued.currency = reporting.currency
                then {{ as_amount('valued.exception_amount') }}
            else {{ round_amount(
                'valued.exception_amount * fx_rates.rate', 'reporting.minor_digits'
            ) }}
        end as base_amount,
        valued.row_hash,
        valued.group_name,
        valued.item_count
    from valued
    cross join reporting
    left join reconciliations
        on valued.reconciliation = reconciliations.name
    left join fx_rates
        on
            valued.event_date = fx_rates.rate_date
            and valued.currency = fx_rates.base_currency
)

select * from final
