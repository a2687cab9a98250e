-- In which run sealed matches came to hold an item, and whether by a wave that looks at amounts.
-- Whoever asks what was open when a payment came gets the same answer in every later run.
with

allocations as (select * from {{ ref('int_journal__allocations') }}),

standing as (
    select *
    from {{ ref('int_matches__standing') }}
    where reversal_reason is null
),

runs as (
    select
        stg_tieout__runs.run_id,
        min(stg_tieout__runs.run_sequence) as run_sequence
    from {{ ref('stg_tieout__runs') }} as stg_tieout__runs
    group by stg_tieout__runs.run_id
),

passes as (select * from {{ ref('passes') }}),

final as (
    select
        allocations.item_key,
        max(runs.run_sequence) as held_in_run,
        max(
            case when passes.wave in ('equals', 'sums', 'likeness', 'undoing') then 1 else 0 end
        ) = 1 as is_held_by_amount
    from allocations
    inner join standing
        on allocations.match_id = standing.match_id
    inner join runs
        on standing.run_id = runs.run_id
    inner join passes
        on standing.pass = passes.pass
    group by allocations.item_key
)

select * from final
