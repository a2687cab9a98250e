-- Payers of whom nothing has come, and nothing has come apart, since sums closed some of what they
-- owe and pay. What is open of them was asked about then, among more than there is now.
with

items as (select * from {{ ref('int_items') }}),

batches as (select * from {{ ref('stg_tieout__batches') }}),

reversed_allocations as (select * from {{ ref('int_allocations__reversed') }}),

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

payer_items as (
    select
        closed_by_sums.reconciliation,
        closed_by_sums.family_id,
        closed_by_sums.currency,
        closed_by_sums.held_in_run,
        items.item_key,
        items.batch_id
    from closed_by_sums
    inner join items
        on
            closed_by_sums.reconciliation = items.reconciliation
            and closed_by_sums.family_id = items.family_id
            and closed_by_sums.currency = items.currency
),

-- in which run each item came, as it is now, and in which ones it came apart from others; what
-- comes apart in this run has no number yet
news as (
    select
        payer_items.reconciliation,
        payer_items.family_id,
        payer_items.currency,
        payer_items.held_in_run,
        batches.run_sequence
    from payer_items
    inner join batches
        on payer_items.batch_id = batches.batch_id
    union all
    select
        payer_items.reconciliation,
        payer_items.family_id,
        payer_items.currency,
        payer_items.held_in_run,
        runs.run_sequence
    from payer_items
    inner join reversed_allocations
        on payer_items.item_key = reversed_allocations.item_key
    left join runs
        on reversed_allocations.run_id = runs.run_id
    where not reversed_allocations.is_sealed or runs.run_id is not null
),

final as (
    select
        news.reconciliation,
        news.family_id,
        news.currency,
        news.held_in_run
    from news
    group by news.reconciliation, news.family_id, news.currency, news.held_in_run
    having count(*) = count(news.run_sequence) and max(news.run_sequence) <= news.held_in_run
)

select * from final
