-- A receivable is carried at the rate of its own day and money at that of its day; what lies
-- between is realised when a match closes the one with the other. The line has no amount in a
-- currency of its own, only in the reporting currency (int_journal_lines__valued), and is left out
-- when that is 0.
with

allocations as (
    select *
    from {{ ref('int_match_allocations') }}
    where side = 'expected' and currency <> {{ reporting_currency() }}
),

matches as (select * from {{ ref('int_matches__to_post') }}),

posting_rules as (
    select *
    from {{ ref('posting_rules') }}
    where posting_kind = 'realised_fx'
),

final as (
    select distinct
        allocations.match_id,
        allocations.reconciliation,
        'realised_fx' as posting_kind,
        cast(null as {{ dbt.type_string() }}) as item_key,
        cast(null as {{ dbt.type_string() }}) as item_type,
        cast(null as {{ dbt.type_string() }}) as item_id,
        allocations.match_currency as currency,
        {{ zero() }} as amount,
        cast(9 as bigint) as line_order,
        cast(null as {{ dbt.type_string() }}) as own_account_code
    from allocations
    inner join matches
        on allocations.match_id = matches.match_id
    inner join posting_rules
        on allocations.reconciliation = posting_rules.reconciliation
)

select * from final
