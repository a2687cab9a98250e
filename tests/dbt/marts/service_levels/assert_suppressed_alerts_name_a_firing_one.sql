-- Guards: an alert is suppressed only by one that fires in the same group, so no group is silent.
-- Breaks when: two alerts silence each other, or the one that should speak is resolved. In
-- silence, nobody would be called.
{{ config(tags=['after_seal'], meta={'dagster': {'ref': {'name': 'fct_alerts'}}}) }}

with

alerts as (select * from {{ ref('fct_alerts') }}),

final as (
    select
        alerts.alert_id,
        alerts.group_key,
        alerts.suppressed_by
    from alerts
    left join alerts as speakers
        on
            alerts.suppressed_by = speakers.alert_id
            and alerts.group_key = speakers.group_key
            and speakers.state = 'firing'
    where
        (alerts.state = 'suppressed' and speakers.alert_id is null)
        or (alerts.state <> 'suppressed' and alerts.suppressed_by is not null)
)

select * from final
