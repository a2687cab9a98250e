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

-- what is resolved, and what makes others doubtful, is not doubted
told as (
    select
        named.*,
        inhibiting.alert_name is not null as is_inhibiting,
        case
            when named.resolved_at is null and inhibiting.alert_name is null then named.root_cause
        end as doubted_root_cause
    from named
    left join inhibiting
        on
            named.alert_name = inhibiting.alert_name
            and named.subject = inhibiting.subject
),

grouped as (
    select
        told.alert_name,
        told.subject,
        told.root_cause,
        coalesce(doubts.group_key, told.group_key) as group_key,
        told.opened_at,
        told.resolved_at,
        told.item_count,
        told.revenue_at_risk,
        told.severity,
        told.priority,
        told.may_be_silenced,
        told.runbook,
        told.meaning,
        told.root_cause_meaning,
        doubts.group_key is not null as is_doubtful,
        told.is_inhibiting
    from told
    left join doubts
        on told.doubted_root_cause = doubts.root_cause
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
