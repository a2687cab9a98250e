-- Guards: an alert is suppressed only by one of its group that fires, or that somebody has taken,
-- or by the word of a person that holds now; never one about the proof itself. So no group is
-- silent of itself.
-- Breaks when: two alerts silence each other, the one that should speak is resolved, or a window
-- that is over still silences. In silence, nobody would be called.
{{ config(tags=['after_seal'], meta={'dagster': {'ref': {'name': 'fct_alerts'}}}) }}

with

alerts as (select * from {{ ref('fct_alerts') }}),

controls as (select * from {{ ref('int_controls__in_force') }}),

rules as (select * from {{ ref('alert_rules') }}),

final as (
    select
        alerts.alert_id,
        alerts.group_key,
        alerts.suppressed_by
    from alerts
    left join alerts as speakers
        on
            alerts.suppressed_by = speakers.alert_id
            and alerts.alert_id <> speakers.alert_id
            and alerts.group_key = speakers.group_key
            and (speakers.state = 'firing' or speakers.silence = 'alert_acknowledged')
    left join controls
        on
            alerts.suppressed_by = controls.control_id
            and alerts.silence = controls.kind
            and (
                alerts.fingerprint = controls.control_key
                or (
                    controls.alert_name in ('*', alerts.alert_name)
                    and controls.group_key in ('*', alerts.group_key)
                )
            )
    left join rules
        on alerts.alert_name = rules.alert_name
    where
        (
            alerts.state = 'suppressed'
            and speakers.alert_id is null
            and controls.control_id is null
        )
        or (alerts.state <> 'suppressed' and alerts.suppressed_by is not null)
        or (alerts.silence is not null and controls.control_id is null)
        or (alerts.silence is not null and not rules.may_be_silenced)
)

select * from final
