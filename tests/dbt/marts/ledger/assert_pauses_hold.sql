-- Guards: while a person has paused it, no match that this run found is closed by the machine, and
-- no entry is offered for posting.
-- Breaks when: a pass closes without asking its rule, or an entry that was ready before the pause
-- is not looked at again. In silence, money would move that somebody has stopped.
{{ config(tags=['after_seal'], meta={'dagster': {'ref': {'name': 'fct_journal_entries'}}}) }}

with

controls as (select * from {{ ref('int_controls__in_force') }}),

closed as (
    select
        'closed by itself' as failure,
        matches.match_id as subject_id
    from {{ ref('int_matches__decided') }} as matches
    inner join controls
        on
            controls.kind = 'closing_paused'
            and controls.control_key in ('*', matches.rule_id)
    where matches.is_new and matches.decision = 'auto_closed'
),

offered as (
    select distinct
        'offered for posting' as failure,
        entries.posting_key as subject_id
    from {{ ref('fct_journal_entries') }} as entries
    inner join controls
        on controls.kind = 'posting_paused'
    where entries.posting_status = 'ready'
),

final as (
    select * from closed
    union all
    select * from offered
)

select * from final
