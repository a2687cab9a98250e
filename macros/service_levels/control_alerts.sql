{#
    Steps of fct_alerts: what has been stopped, and what goes on in spite of it. `stopped_rules` and
    `issued_while_paused` are alerts.

    Reads the steps `rules`, `certificates`, `memory` and `issued`.
#}
{% macro control_alerts() -%}
-- rules that people or an audit have stopped: their matches wait for a person
stopped_rules as (
    select
        rules.alert_name,
        certificates.rule_id || ' version ' || certificates.rule_version as subject,
        'rule_stopped' as root_cause,
        'rule:' || certificates.rule_id as group_key,
        case
            when rules.kind = 'breaker_open' then certificates.breaker_since
            else certificates.last_error_at
        end as opened_at,
        cast(null as timestamp) as resolved_at,
        case
            when rules.kind = 'breaker_open' then certificates.undone_count
            else certificates.error_count
        end as item_count,
        {{ zero() }} as revenue_at_risk,
        false as is_ticket_at_most
    from rules
    inner join certificates
        on
            (rules.kind = 'breaker_open' and certificates.is_breaker_open)
            or (
                rules.kind = 'certificate_lost'
                and not certificates.is_certified
                and certificates.error_count > 0
            )
),

-- A feed may bring tomorrow what was issued today, so it is told for some hours beyond the pause.
issued_while_paused as (
    select
        rules.alert_name,
        'issuance' as subject,
        'issued_while_paused' as root_cause,
        'issuance' as group_key,
        min(issued.issued_at) as opened_at,
        case
            when
                {{ add_hours('max(issued.paused_until)', 'cast(rules.threshold as bigint)') }}
                <= {{ as_of() }}
                then
                    {{ add_hours(
                        'max(issued.paused_until)', 'cast(rules.threshold as bigint)'
                    ) }}
        end as resolved_at,
        count(*) as item_count,
        {{ zero() }} as revenue_at_risk,
        count(distinct issued.customer_id) = 1 and count(issued.customer_id) = count(*)
            as is_ticket_at_most
    from rules
    cross join memory
    inner join issued
        on issued.paused_until > {{ add_days(as_of(), '-memory.days') }}
    where rules.kind = 'issued_while_paused'
    group by rules.alert_name, rules.min_events, rules.threshold
    having count(*) >= rules.min_events
)
{%- endmacro %}
