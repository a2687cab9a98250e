-- Invariant 1, for exceptions. Guards: an open exception has its item's currency, and as its
-- amount what is open of the item, or the whole of it where nothing is or where it is about the
-- whole; only a payout or a statement that does not add up has the difference instead, and a mass
-- of copies the sum of its members. The base amount is that amount at the rate of the item's day.
-- At risk is the amount of the lead of an open case, and never more than what is owed in it.
-- Breaks when: an exception keeps the amount of an earlier run, is joined to another item, or a
-- case has its money twice. In silence, people would chase, and be paged for, money that is not
-- there.
{{ config(meta={'dagster': {'ref': {'name': 'fct_exceptions'}}}) }}

with

exceptions as (select * from {{ ref('fct_exceptions') }}),

items as {{ read_in_place() }} (select * from {{ ref('fct_items') }}),

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

payout_contents as (
    select
        'payout_mismatch' as exception_type,
        'payout' as item_type,
        items.group_key,
        items.currency,
        sum(items.amount) as amount
    from items
    where
        items.reconciliation = 'gateway_to_payout'
        and items.side = 'expected'
        and items.status <> 'set_aside'
    group by items.group_key, items.currency
),

statements as (
    select
        'bank_transaction' as item_type,
        failed.item_id,
        case
            when failed.condition = 'statement_before_is_missing' then 'statement_missing'
            else 'control_total_mismatch'
        end as exception_type,
        max(failed.difference_amount) as difference_amount
    from {{ ref('int_statements__failed') }} as failed
    where failed.item_id is not null
    group by failed.item_id, failed.condition
),

members as (
    select
        members.exception_id,
        count(*) as item_count,
        count(distinct members.currency) as currencies,
        min(members.currency) as currency,
        sum(members.amount) as amount
    from {{ ref('fct_exception_items') }} as members
    group by members.exception_id
),

compared as (
    select
        exceptions.exception_id,
        exceptions.exception_type,
        exceptions.currency,
        exceptions.amount,
        exceptions.base_amount,
        exceptions.item_count,
        items.currency as item_currency,
        items.event_date,
        members.item_count as member_count,
        case
            when exceptions.item_count > 1 and members.currencies = 1 then members.amount
            when exceptions.item_count > 1 then exceptions.amount
            when statements.difference_amount <> 0 then statements.difference_amount
            when items.open_amount = 0 then items.amount
            -- about the record as a whole, whatever of it is open
            when
                exceptions.exception_type in (
                    'chargeback', 'refund_without_credit', 'duplicate_invoice',
                    'suspected_duplicate', 'suspected_copy', 'quarantined_rows',
                    'doubled_in_ledger'
                )
                and exceptions.amount = items.amount
                then items.amount
            when exceptions.amount = items.amount - payout_contents.amount then exceptions.amount
            else items.open_amount
        end as held_amount
    from exceptions
    left join items
        on
            exceptions.reconciliation = items.reconciliation
            and exceptions.item_type = items.item_type
            and exceptions.item_id = items.item_id
    left join members
        on exceptions.exception_id = members.exception_id
    left join payout_contents
        on
            exceptions.exception_type = payout_contents.exception_type
            and items.item_type = payout_contents.item_type
            and items.group_key = payout_contents.group_key
            and items.currency = payout_contents.currency
    left join statements
        on
            exceptions.exception_type = statements.exception_type
            and exceptions.item_type = statements.item_type
            and exceptions.item_id = statements.item_id
    where exceptions.status <> 'resolved'
),

wrong_amounts as (
    select
        compared.exception_id,
        compared.amount as shown_amount,
        compared.held_amount,
        'the amount is not what the item holds' as failure
    from compared
    where
        compared.amount is distinct from compared.held_amount
        or (compared.item_count is distinct from compared.member_count)
        or (
            compared.item_count = 1
            and compared.currency is distinct from compared.item_currency
        )
),

wrong_base_amounts as (
    select
        compared.exception_id,
        compared.base_amount as shown_amount,
        case
            when compared.currency = reporting.currency then compared.amount
            else {{ round_amount('compared.amount * fx_rates.rate', 'reporting.minor_digits') }}
        end as held_amount,
        'the base amount is not the amount at the rate of its day' as failure
    from compared
    cross join reporting
    left join fx_rates
        on
            compared.event_date = fx_rates.rate_date
            and compared.currency = fx_rates.base_currency
    where
        compared.item_count = 1
        and compared.base_amount is distinct from case
            when compared.currency = reporting.currency then compared.amount
            else {{ round_amount('compared.amount * fx_rates.rate', 'reporting.minor_digits') }}
        end
),

-- what customers owe and is in doubt, and what is known not to arrive
owed as (
    select
        exceptions.case_id,
        sum(
            case
                when exceptions.status = 'resolved' then {{ zero() }}
                else abs(coalesce(exceptions.base_amount, 0))
            end
        ) as open_amount,
        sum(abs(coalesce(exceptions.base_amount, 0))) as amount
    from exceptions
    left join items
        on
            exceptions.reconciliation = items.reconciliation
            and exceptions.item_type = items.item_type
            and exceptions.item_id = items.item_id
    inner join {{ ref('exception_types') }} as exception_types
        on exceptions.exception_type = exception_types.exception_type
    where
        exception_types.puts_money_at_risk
        or (
            exceptions.reconciliation = 'invoice_to_receipt'
            and exceptions.side = 'expected'
            and coalesce(items.status, '') <> 'set_aside'
        )
    group by exceptions.case_id
),

leads as (
    select
        exceptions.exception_id,
        exceptions.revenue_at_risk,
        case
            when exceptions.status <> 'resolved' and exceptions.is_case_lead
                then least(abs(coalesce(exceptions.base_amount, 0)), coalesce(owed.open_amount, 0))
            else 0
        end as least_risk,
        case
            when exceptions.status <> 'resolved' and exceptions.is_case_lead
                then least(abs(coalesce(exceptions.base_amount, 0)), coalesce(owed.amount, 0))
            else 0
        end as greatest_risk
    from exceptions
    left join owed
        on exceptions.case_id = owed.case_id
),

final as (
    select * from wrong_amounts
    union all
    select * from wrong_base_amounts
    union all
    -- what was resolved in this spell of the case counts as owed, what an earlier one held does not
    select
        leads.exception_id,
        leads.revenue_at_risk as shown_amount,
        leads.greatest_risk as held_amount,
        'what is at risk is not the lead of an open case, or more than is owed' as failure
    from leads
    where
        leads.revenue_at_risk is null
        or leads.revenue_at_risk < leads.least_risk
        or leads.revenue_at_risk > leads.greatest_risk
)

select * from final
