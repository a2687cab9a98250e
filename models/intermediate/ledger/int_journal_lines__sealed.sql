-- The lines of every entry as they were sealed: with its match, and once more by the run that first
-- could value them, where they were sealed without base amounts or not at all. Blocks are never
-- rewritten, so those of a new block are only appended.
with

valuations as (
    select *
    from {{ ref('stg_tieout__journal_entries') }}
    where entry_type = 'match_valued'
),

closed_and_valued as (
    select
        closed.block,
        closed.match_id,
        closed.reconciliation,
        closed.lines,
        closed.base_currency,
        false as is_valued_later
    from {{ ref('int_journal__matches') }} as closed
    where closed.lines is not null
    union all
    select
        valuations.block,
        valuations.subject_id as match_id,
        valuations.said.reconciliation,
        valuations.said.lines,
        valuations.said.base_currency,
        true as is_valued_later
    from {{ with_json_members(
        'valuations', 'payload', 'said', ['base_currency', 'lines', 'reconciliation']
    ) }}
),

matches as (
    select *
    from closed_and_valued
),

final as (
    select
        matches.block,
        matches.match_id,
        matches.is_valued_later,
        cast(matches.line.line_number as bigint) as line_number,
        matches.reconciliation,
        matches.line.posting_kind,
        matches.line.item_type,
        matches.line.item_id,
        matches.line.currency,
        {{ amount_from_text('matches.line.amount') }} as amount,
        {{ amount_from_text('matches.line.base_amount') }} as base_amount,
        matches.base_currency,
        {{ amount_from_text('matches.line.rate') }} as rate,
        cast(matches.line.value_date as date) as value_date,
        matches.line.account_code,
        matches.line.memo
    from {{ with_json_elements(
        'matches',
        'lines',
        'line',
        [
            'account_code', 'amount', 'base_amount', 'currency', 'item_id', 'item_type',
            'line_number', 'memo', 'posting_kind', 'rate', 'value_date'
        ]
    ) }}
)

select * from final
