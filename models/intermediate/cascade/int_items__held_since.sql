-- What sealed matches hold of each item, and since which run. Whoever asks what was open when a
-- payment came gets the same answer in every later run.
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

final as (
    select
        allocations.item_key,
        standing.match_id,
        standing.pass,
        standing.relation,
        runs.run_sequence as held_in_run,
        cast(allocations.allocated_amount + allocations.adjusted_amount as {{ amount_type() }})
            as closed_amount
    from allocations
    inner join standing
        on allocations.match_id = standing.match_id
    inner join runs
        on standing.run_id = runs.run_id
)

select * from final
