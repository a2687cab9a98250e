-- A reconciliation is active once a feed of each of its sides has landed.
with

batches as (select * from {{ ref('stg_tieout__batches') }}),

reconciliations as (select * from {{ ref('reconciliations') }}),

landed_feeds as (
    select distinct
        case
            when batches.feed = 'bank_statements' then 'bank_transactions'
            else batches.feed
        end as feed
    from batches
    where batches.rows_loaded > 0
),

final as (
    select
        reconciliations.name as reconciliation,
        reconciliations.is_built
        and max(
            case
                when
                    ';' || reconciliations.expected_feeds || ';'
                    like '%;' || landed_feeds.feed || ';%'
                    then 1
                else 0
            end
        ) = 1
        and max(
            case
                when
                    ';' || reconciliations.actual_feeds || ';'
                    like '%;' || landed_feeds.feed || ';%'
                    then 1
                else 0
            end
        ) = 1 as is_active
    from reconciliations
    cross join landed_feeds
    group by reconciliations.name, reconciliations.is_built
)

select * from final
