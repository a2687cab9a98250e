-- The lines of every closing in the reporting currency. What was sealed with its value keeps it;
-- what was not, also because a rate was missing then, is valued now: an item at the rate of its own
-- day, the rest at that of the latest one, else of the posting. What lies between debits and
-- credits is the realised exchange difference, where the closing has a line for it, else what
-- rounding leaves: that goes to the largest line of the smaller side.
with

closings as (
    select *
    from {{ ref('int_postings__due') }}
    where posting_event = 'closing'
),

lines as (select * from {{ ref('int_journal_lines__coded') }}),

rates as (
    select *
    from {{ ref('int_fx_rates__daily') }}
    where quote_currency = {{ reporting_currency() }}
),

currencies as (select * from {{ ref('currencies') }}),

reporting as (
    select
        run_context.reporting_currency as currency,
        currencies.minor_digits
    from {{ ref('stg_tieout__run_context') }} as run_context
    left join currencies
        on run_context.reporting_currency = currencies.code
),

dated as (
    select
        lines.match_id,
        closings.occurrence,
        lines.line_number,
        lines.posting_kind,
        lines.currency,
        lines.amount,
        closings.rate_date as posting_date,
        coalesce(
            lines.value_date,
            max(lines.value_date) over (partition by lines.match_id, closings.occurrence),
            closings.rate_date
        ) as value_date
    from lines
    inner join closings
        on lines.match_id = closings.match_id
    where lines.base_amount is null
),

rated as (
    select
        dated.match_id,
        dated.occurrence,
        dated.line_number,
        dated.posting_kind,
        dated.amount,
        dated.value_date,
        case
            when dated.currency <> reporting.currency and dated.amount <> 0
                then coalesce(rates.rate, posting_rates.rate)
        end as rate,
        case
            when dated.currency = reporting.currency or dated.amount = 0 then dated.amount
            else {{ round_amount(
                '(dated.amount * coalesce(rates.rate, posting_rates.rate))',
                'reporting.minor_digits'
            ) }}
        end as base_amount
    from dated
    cross join reporting
    left join rates
        on dated.currency = rates.base_currency and dated.value_date = rates.rate_date
    left join rates as posting_rates
        on
            dated.currency = posting_rates.base_currency
            and dated.posting_date = posting_rates.rate_date
),

remainders as (
    select
        rated.match_id,
        rated.occurrence,
        count(*) = count(rated.base_amount) as is_rated,
        sum(rated.base_amount) as remainder
    from rated
    group by rated.match_id, rated.occurrence
    having count(*) > count(rated.base_amount) or sum(rated.base_amount) <> {{ zero() }}
),

absorbing_lines as (
    select
        rated.match_id,
        rated.occurrence,
        rated.line_number,
        remainders.remainder
    from rated
    inner join remainders
        on rated.match_id = remainders.match_id and rated.occurrence = remainders.occurrence
    where
        remainders.is_rated
        and (
            rated.posting_kind = 'realised_fx'
            or sign(rated.amount) = -sign(remainders.remainder)
        )
    qualify row_number() over (
        partition by rated.match_id, rated.occurrence
        order by
            case
                when rated.posting_kind = 'realised_fx' then 0
                else 1
            end nulls last,
            abs(rated.base_amount) desc nulls last,
            rated.line_number nulls last
    ) = 1
),

final as (
    select
        lines.match_id,
        closings.occurrence,
        lines.line_number,
        lines.base_amount,
        lines.base_currency,
        lines.rate,
        lines.value_date
    from lines
    inner join closings
        on lines.match_id = closings.match_id
    where lines.base_amount is not null
    union all
    select
        rated.match_id,
        rated.occurrence,
        rated.line_number,
        -- one missing rate leaves the whole posting without base amounts
        case
            when coalesce(remainders.is_rated, true)
                then cast(
                    rated.base_amount - coalesce(absorbing_lines.remainder, {{ zero() }})
                    as {{ amount_type() }}
                )
        end as base_amount,
        {{ reporting_currency() }} as base_currency,
        rated.rate,
        rated.value_date
    from rated
    left join remainders
        on rated.match_id = remainders.match_id and rated.occurrence = remainders.occurrence
    left join absorbing_lines
        on
            rated.match_id = absorbing_lines.match_id
            and rated.occurrence = absorbing_lines.occurrence
            and rated.line_number = absorbing_lines.line_number
)

select * from final
