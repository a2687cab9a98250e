-- Guards: while a person has paused it, no match that this run found is closed by the machine, and
-- no entry is offered for posting: of all, of a rule, or of a customer.
-- Breaks when: a pass closes without asking its rule, or an entry that was ready before the pause
-- is not looked at again. In silence, money would move that somebody has stopped.
{{ config(tags=['after_seal'], meta={'dagster': {'ref': {'name': 'fct_journal_entries'}}}) }}

with

controls as (select * from {{ ref('int_controls__in_force') }}),

matches as (select * from {{ ref('int_matches__decided') }}),

-- the matches of the customers for whom something is paused
customer_matches as (
    select distinct
        controls.control_id,
        allocations.match_id
    from {{ ref('int_match_allocations') }} as allocations
    inner join {{ ref('int_items') }} as items
        on allocations.item_key = items.item_key
    inner join {{ ref('reconciliations') }} as reconciliations
        on
            items.reconciliation = reconciliations.name
            and reconciliations.party_kind = 'customer'
    inner join controls
        on items.party_id = controls.customer_id
),

-- what is paused of matches, before all entries are looked at
paused as {{ materialized() }} (
    select
        matches.match_id,
        matches.decision,
        matches.is_new,
        controls.kind
    from matches
    inner join controls
        on
            controls.kind in ('closing_paused', 'posting_paused')
            and controls.rule_id in ('*', matches.rule_id)
    left join customer_matches
        on
            controls.control_id = customer_matches.control_id
            and matches.match_id = customer_matches.match_id
    where controls.customer_id = '*' or customer_matches.match_id is not null
),

closed as (
    select distinct
        'closed by itself' as failure,
        paused.match_id as subject_id
    from paused
    where paused.kind = 'closing_paused' and paused.is_new and paused.decision = 'auto_closed'
),

offered as (
    select distinct
        'offered for posting' as failure,
        entries.posting_key as subject_id
    from {{ ref('fct_journal_entries') }} as entries
    inner join paused
        on entries.match_id = paused.match_id
    where paused.kind = 'posting_paused' and entries.posting_status = 'ready'
),

final as (
    select * from closed
    union all
    select * from offered
)

select * from final
