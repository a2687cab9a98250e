{#
    Steps of fct_alerts, the last of them `told_together`: alerts that say nothing while another one
    holds (seed `alert_inhibitions`) join its group. `is_doubtful` marks them; the one that makes
    them doubtful is as loud as the loudest of them.

    Reads the steps `inhibitions` and `named`.
#}
{% macro inhibited_alerts() -%}
inhibiting as (
    select distinct
        inhibitions.alert_name,
        inhibitions.subject
    from inhibitions
),

-- of two that make one root cause doubtful, the one whose rule speaks first
doubts as (
    select
        inhibitions.root_cause,
        named.group_key
    from inhibitions
    inner join named
        on
            inhibitions.alert_name = named.alert_name
            and inhibitions.subject = named.subject
    where named.resolved_at is null
    qualify row_number() over (
        partition by inhibitions.root_cause
        order by named.priority asc nulls last, named.subject asc nulls last
    ) = 1
),

grouped as (
    select
        named.alert_name,
        named.subject,
        named.root_cause,
        coalesce(doubts.group_key, named.group_key) as group_key,
        named.opened_at,
        named.resolved_at,
        named.item_count,
        named.revenue_at_risk,
        named.severity,
        named.priority,
        named.may_be_silenced,
        named.runbook,
        named.meaning,
        named.root_cause_meaning,
        doubts.group_key is not null as is_doubtful,
        inhibiting.alert_name is not null as is_inhibiting
    from named
    left join inhibiting
        on
            named.alert_name = inhibiting.alert_name
            and named.subject = inhibiting.subject
    left join doubts
        on
            named.root_cause = doubts.root_cause
            and named.resolved_at is null
            and inhibiting.alert_name is null
),

told_together as (
    select
        grouped.alert_name,
        grouped.subject,
        grouped.root_cause,
        grouped.group_key,
        grouped.opened_at,
        grouped.resolved_at,
        grouped.item_count,
        grouped.revenue_at_risk,
        case
            when
                grouped.is_inhibiting
                and count(case when grouped.is_doubtful and grouped.severity = 'page' then 1 end)
                    over (partition by grouped.group_key) > 0
                then 'page'
            else grouped.severity
        end as severity,
        grouped.priority,
        grouped.may_be_silenced,
        grouped.runbook,
        grouped.meaning,
        grouped.root_cause_meaning,
        grouped.is_doubtful
    from grouped
)
{%- endmacro %}
