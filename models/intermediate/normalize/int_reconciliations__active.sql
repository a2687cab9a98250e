-- A reconciliation is active once a feed of each of its sides has landed, and what maps one side
-- to the other where that is needed; if not, what is missing.
with

batches as (select * from {{ ref('stg_tieout__batches') }}),

accounts as (select * from {{ ref('stg_bank__accounts') }}),

reconciliations as (select * from {{ ref('reconciliations') }}),

landed_feeds as (
    select distinct {{ record_feed('batches.feed') }} as feed
    from batches
    where batches.rows_loaded > 0
),

mappings as (
    select distinct 'bank_accounts.ledger_account_code' as mapping
    from accounts
    where accounts.ledger_account_code is not null
),

expected_sides as (
    select distinct reconciliations.name
    from reconciliations
    inner join landed_feeds
        on
            concat_ws(';', '', reconciliations.expected_feeds, '')
            like '%;' || landed_feeds.feed || ';%'
),

actual_sides as (
    select distinct reconciliations.name
    from reconciliations
    inner join landed_feeds
        on
            concat_ws(';', '', reconciliations.actual_feeds, '')
            like '%;' || landed_feeds.feed || ';%'
),

looked_at as (
    select
        reconciliations.name as reconciliation,
        reconciliations.is_built,
        nullif(
            concat_ws(
                '; ',
                case
                    when expected_sides.name is null
                        then
                            'nothing has landed in '
                            || replace(reconciliations.expected_feeds, ';', ' or ')
                end,
                case
                    when actual_sides.name is null
                        then
                            'nothing has landed in '
                            || replace(reconciliations.actual_feeds, ';', ' or ')
                end,
                case
                    when mappings.mapping is null and reconciliations.mapped_by is not null
                        then 'no row has a value in ' || reconciliations.mapped_by
                end
            ),
            ''
        ) as why_inactive
    from reconciliations
    left join expected_sides
        on reconciliations.name = expected_sides.name
    left join actual_sides
        on reconciliations.name = actual_sides.name
    left join mappings
        on reconciliations.mapped_by = mappings.mapping
),

final as (
    select
        looked_at.reconciliation,
        looked_at.is_built and looked_at.why_inactive is null as is_active,
        looked_at.why_inactive
    from looked_at
)

select * from final
