-- Payers of whom nothing has come, and nothing has come apart, since sums closed some of what they
-- owe and pay. What is open of them was asked about then, among more than there is now.
with

items as (select * from {{ ref('int_items') }}),

known_since as (select * from {{ ref('int_items__known_since') }}),

standing as (select * from {{ ref('int_matches__standing') }}),

runs as (
    select
        stg_tieout__runs.run_id,
        min(stg_tieout__runs.run_sequence) as run_sequence
    from {{ ref('stg_tieout__runs') }} as stg_tieout__runs
    group by stg_tieout__runs.run_id
),

closed_by_sums as (
    select
        held_since.reconciliation,
        held_since.family_id,
        held_since.currency,
        max(held_since.held_in_run) as held_in_run
    from {{ ref('int_units__held_since') }} as held_since
    where held_since.is_held_by_sums
    group by held_since.reconciliation, held_since.family_id, held_since.currency
),

-- a match that is undone in this run has no run yet
undone as (
    select
        allocations.item_key,
        reversed_matches.run_sequence
    from {{ ref('int_journal__allocations') }} as allocations
    inner join (
        select
            reversals.match_id,
            runs.run_sequence
        from {{ ref('int_journal__reversals') }} as reversals
        inner join runs
            on reversals.run_id = runs.run_id
        union all
        select
            standing.match_id,
            cast(null as bigint) as run_sequence
        from standing
        where standing.reversal_reason is not null
    ) as reversed_matches
        on allocations.match_id = reversed_matches.match_id
),

news as (
    select
        known_since.item_key,
        known_since.known_in_run as run_sequence
    from known_since
    union all
    select
        undone.item_key,
        undone.run_sequence
    from undone
),

final as (
    select
        closed_by_sums.reconciliation,
        closed_by_sums.family_id,
        closed_by_sums.currency,
        closed_by_sums.held_in_run
    from closed_by_sums
    inner join items
        on
            closed_by_sums.reconciliation = items.reconciliation
            and closed_by_sums.family_id = items.family_id
            and closed_by_sums.currency = items.currency
    inner join news
        on items.item_key = news.item_key
    group by
        closed_by_sums.reconciliation,
        closed_by_sums.family_id,
        closed_by_sums.currency,
        closed_by_sums.held_in_run
    having
        count(*) = count(news.run_sequence)
        and max(news.run_sequence) <= closed_by_sums.held_in_run
)

select * from final
