{#
    Steps of fct_alerts: what feeds alert. `waiting_rejects`, `unshown_statements` and `silent_feeds`
    are alerts, what stands between them leads there.

    Reads the steps `rules`, `quarantine`, `failed_statements`, `batches`, `expected_feeds` and
    `reconciliations`.
#}
{% macro feed_alerts() -%}
waiting_rejects as (
    select
        rules.alert_name,
        quarantine.feed as subject,
        'feed_incomplete' as root_cause,
        'feed:' || quarantine.feed as group_key,
        min(quarantine.quarantined_at) as opened_at,
        cast(null as timestamp) as resolved_at,
        count(*) as item_count,
        {{ zero() }} as revenue_at_risk,
        false as is_ticket_at_most
    from rules
    cross join quarantine
    where rules.kind = 'quarantine'
    group by rules.alert_name, rules.min_events, quarantine.feed
    having count(*) >= rules.min_events
),

-- a statement that no listed item can name: nothing else would show that it does not add up
unshown_statements as (
    select
        rules.alert_name,
        failed_statements.account_id as subject,
        'feed_incomplete' as root_cause,
        'account:' || failed_statements.account_id as group_key,
        min(batches.ingested_at) as opened_at,
        cast(null as timestamp) as resolved_at,
        count(*) as item_count,
        {{ zero() }} as revenue_at_risk,
        false as is_ticket_at_most
    from rules
    cross join failed_statements
    inner join batches
        on
            failed_statements.batch_id = batches.batch_id
            and batches.feed = 'bank_statements'
    where rules.kind = 'control_total' and failed_statements.item_id is null
    group by rules.alert_name, rules.min_events, failed_statements.account_id
    having count(*) >= rules.min_events
),

last_deliveries as (
    select
        batches.record_feed,
        max(batches.ingested_at) as ingested_at
    from batches
    where
        batches.rows_loaded + batches.rows_redelivered > 0
    group by batches.record_feed
),

-- only what a reconciliation waits for
awaited_feeds as (
    select distinct
        last_deliveries.record_feed,
        last_deliveries.ingested_at,
        expected_feeds.silent_after_hours
    from last_deliveries
    inner join expected_feeds
        on last_deliveries.record_feed = expected_feeds.record_feed
    inner join reconciliations
        on
            reconciliations.is_built
            and concat_ws(
                ';', '', reconciliations.expected_feeds, reconciliations.actual_feeds, ''
            ) like '%;' || last_deliveries.record_feed || ';%'
),

silent_feeds as (
    select
        rules.alert_name,
        awaited_feeds.record_feed as subject,
        'feed_late' as root_cause,
        'feed:' || awaited_feeds.record_feed as group_key,
        {{ add_hours('awaited_feeds.ingested_at', 'awaited_feeds.silent_after_hours') }}
            as opened_at,
        cast(null as timestamp) as resolved_at,
        0 as item_count,
        {{ zero() }} as revenue_at_risk,
        false as is_ticket_at_most
    from rules
    cross join awaited_feeds
    where
        rules.kind = 'feed_silent'
        and {{ hours_between('awaited_feeds.ingested_at', as_of()) }}
        >= awaited_feeds.silent_after_hours
)
{%- endmacro %}
