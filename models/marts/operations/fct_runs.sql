{{ config(tags=['after_seal']) }}

with

runs as (select * from {{ ref('stg_tieout__runs') }}),

blocks as (select * from {{ ref('stg_tieout__journal_blocks') }}),

entries as (select * from {{ ref('stg_tieout__journal_entries') }}),

prices as (select * from {{ ref('engine_prices') }}),

-- the same run again (same as_of, same files) keeps its id: the last time counts
latest_runs as (
    select runs.*
    from runs
    qualify row_number() over (
        partition by runs.run_id
        order by runs.run_sequence desc nulls last
    ) = 1
),

-- payloads are canonical JSON, quotes inside values are escaped: the text can only be the member
sealed as (
    select
        blocks.run_id,
        count(case when entries.entry_type = 'match_closed' then 1 end) as matches_made,
        count(
            case
                when
                    entries.entry_type = 'match_closed'
                    and entries.payload like '%"decision":"auto_closed"%'
                    then 1
            end
        ) as auto_closed,
        count(case when entries.entry_type = 'exception_opened' then 1 end) as exceptions_opened,
        count(case when entries.entry_type = 'exception_resolved' then 1 end)
            as exceptions_resolved
    from blocks
    inner join entries
        on blocks.block = entries.block
    group by blocks.run_id
),

final as (
    select
        latest_runs.run_id,
        latest_runs.as_of,
        latest_runs.started_at,
        latest_runs.finished_at,
        latest_runs.trigger,
        latest_runs.engine,
        cast(latest_runs.rows_in as bigint) as rows_in,
        cast(coalesce(sealed.matches_made, 0) as bigint) as matches_made,
        cast(coalesce(sealed.auto_closed, 0) as bigint) as auto_closed,
        cast(coalesce(sealed.exceptions_opened, 0) as bigint) as exceptions_opened,
        cast(coalesce(sealed.exceptions_resolved, 0) as bigint) as exceptions_resolved,
        {{ as_amount('latest_runs.seconds') }} as seconds,
        {{ decimal_divide(
            'latest_runs.seconds * prices.price_per_hour',
            '3600 * sealed.matches_made',
            10
        ) }} as cost_per_match,
        {{ as_amount('prices.price_per_hour') }} as price_per_hour,
        prices.currency as cost_currency,
        cast(latest_runs.run_sequence as bigint) as run_sequence
    from latest_runs
    left join sealed
        on latest_runs.run_id = sealed.run_id
    left join prices
        on latest_runs.engine = prices.engine
)

select * from final
