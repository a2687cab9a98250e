-- What this run has decided and the journal does not say yet; sealed as one block once every test
-- has passed.
with

-- suggestions are not sealed
matches as (
    select *
    from {{ ref('int_matches__decided') }}
    where is_new and decision in ('auto_closed', 'approved', 'reversed', 'rejected')
),

sealed_allocations as {{ read_in_place() }} (
    select * from {{ ref('int_journal__allocations') }}
),

journal_entries as (select * from {{ ref('stg_tieout__journal_entries') }}),

review_decisions as (
    select *
    from {{ ref('stg_review__decisions') }}
    where decided_at <= {{ as_of() }}
),

exceptions as (select * from {{ ref('int_exceptions__to_seal') }}),

-- what is new was laid out in this run, what is taken back was sealed
new_allocations as (
    select
        proposed_allocations.match_id,
        proposed_allocations.side,
        proposed_allocations.item_type,
        proposed_allocations.item_id,
        proposed_allocations.amount,
        proposed_allocations.allocated_amount,
        proposed_allocations.adjusted_amount,
        proposed_allocations.currency,
        proposed_allocations.match_amount,
        proposed_allocations.match_adjusted_amount,
        proposed_allocations.row_hash
    from {{ ref('int_allocations__proposed') }} as proposed_allocations
    inner join matches
        on proposed_allocations.match_id = matches.match_id
    where matches.decision <> 'reversed'
    union all
    select
        sealed_allocations.match_id,
        sealed_allocations.side,
        sealed_allocations.item_type,
        sealed_allocations.item_id,
        sealed_allocations.amount,
        sealed_allocations.allocated_amount,
        sealed_allocations.adjusted_amount,
        sealed_allocations.currency,
        sealed_allocations.match_amount,
        sealed_allocations.match_adjusted_amount,
        sealed_allocations.row_hash
    from sealed_allocations
    inner join matches
        on sealed_allocations.match_id = matches.match_id
    where matches.decision = 'reversed'
),

match_items as (
    select
        new_allocations.match_id,
        {{ json_array('array_sort(array_agg(' ~ json_object_raw([
            ['adjusted_amount', json_plain(amount_text('new_allocations.adjusted_amount'))],
            ['allocated_amount', json_plain(amount_text('new_allocations.allocated_amount'))],
            ['amount', json_plain(amount_text('new_allocations.amount'))],
            ['currency', json_string('new_allocations.currency')],
            ['item_id', json_string('new_allocations.item_id')],
            ['item_type', json_plain('new_allocations.item_type')],
            [
                'match_adjusted_amount',
                json_plain(amount_text('new_allocations.match_adjusted_amount'))
            ],
            ['match_amount', json_plain(amount_text('new_allocations.match_amount'))],
            ['row_hash', json_plain('new_allocations.row_hash')],
            ['side', json_plain('new_allocations.side')],
        ]) ~ '))') }} as items,
        array_sort(array_agg(distinct new_allocations.row_hash)) as source_hashes
    from new_allocations
    group by new_allocations.match_id
),

-- Sealed without base amounts, because a rate was missing, or by a version that did not seal what
-- is posted: the run that can value the entry seals it, and no later rate values it anew.
valued_later as (
    select
        sealed.match_id,
        sealed.reconciliation
    from {{ ref('int_journal__matches') }} as sealed
    inner join {{ ref('int_journal_lines__coded') }} as lines
        on sealed.match_id = lines.match_id
    inner join {{ ref('int_journal_lines__valued') }} as valued_lines
        on
            lines.match_id = valued_lines.match_id
            and lines.line_number = valued_lines.line_number
    where lines.base_amount is null
    group by sealed.match_id, sealed.reconciliation
    having count(*) = count(valued_lines.base_amount)
),

posted as (
    select matches.match_id
    from matches
    where matches.is_live
    union all
    select valued_later.match_id
    from valued_later
),

-- what a closing posts is sealed with it, and read from there by every later run
match_lines as (
    select
        lines.match_id,
        {{ json_array('array_sort(array_agg(' ~ json_object_raw([
            ['account_code', json_string('lines.account_code')],
            ['amount', json_plain(amount_text('lines.amount'))],
            ['base_amount', json_plain(amount_text('valued_lines.base_amount'))],
            ['currency', json_string('lines.currency')],
            ['item_id', json_string('lines.item_id')],
            ['item_type', json_plain('lines.item_type')],
            ['line_number', json_string('lines.line_number')],
            ['memo', json_string('lines.memo')],
            ['posting_kind', json_string('lines.posting_kind')],
            ['rate', json_plain(amount_text('valued_lines.rate'))],
            ['value_date', json_string('valued_lines.value_date')],
        ]) ~ '))') }} as lines,
        min(valued_lines.base_currency) as base_currency
    from {{ ref('int_journal_lines__coded') }} as lines
    inner join {{ ref('int_journal_lines__valued') }} as valued_lines
        on
            lines.match_id = valued_lines.match_id
            and lines.line_number = valued_lines.line_number
    inner join posted
        on lines.match_id = posted.match_id
    group by lines.match_id
),

match_entries as (
    select
        case
            when matches.decision = 'reversed' then 'match_reversed'
            when matches.decision = 'rejected' then 'match_rejected'
            else 'match_closed'
        end as entry_type,
        'match' as subject_type,
        matches.match_id as subject_id,
        matches.decided_by as actor,
        case
            when matches.decision = 'reversed'
                then {{ json_object([
                    ['reason', 'matches.reversal_reason'],
                    ['reconciliation', 'matches.reconciliation'],
                    ['run_id', 'matches.run_id'],
                ]) }}
            else {{ json_object_raw([
                ['adjustment_kind', json_string('matches.adjustment_kind')],
                ['ambiguity', json_string('matches.ambiguity')],
                ['amount', json_plain(amount_text('matches.amount'))],
                ['base_currency', json_string('match_lines.base_currency')],
                ['confidence', json_plain(amount_text('matches.confidence'))],
                ['decision', json_string('matches.decision')],
                ['difference_amount', json_plain(amount_text('matches.difference_amount'))],
                ['explanation', json_string('matches.explanation')],
                ['items', 'match_items.items'],
                [
                    'lines',
                    "case when matches.is_live then coalesce(match_lines.lines, '[]') end"
                ],
                ['match_currency', json_string('matches.currency')],
                ['method', json_string('matches.method')],
                ['pass', json_string('matches.pass')],
                ['reconciliation', json_string('matches.reconciliation')],
                ['relation', json_string('matches.relation')],
                ['rule_id', json_string('matches.rule_id')],
                ['rule_version', json_string('matches.rule_version')],
                ['run_id', json_string('matches.run_id')],
            ]) }}
        end as payload,
        match_items.source_hashes
    from matches
    inner join match_items
        on matches.match_id = match_items.match_id
    left join match_lines
        on matches.match_id = match_lines.match_id
),

sealed_items as (
    select
        sealed_allocations.match_id,
        array_sort(array_agg(distinct sealed_allocations.row_hash)) as source_hashes
    from sealed_allocations
    inner join valued_later
        on sealed_allocations.match_id = valued_later.match_id
    group by sealed_allocations.match_id
),

valuation_entries as (
    select
        'match_valued' as entry_type,
        'match' as subject_type,
        valued_later.match_id as subject_id,
        'tieout' as actor,
        {{ json_object_raw([
            ['base_currency', json_string('match_lines.base_currency')],
            ['lines', 'match_lines.lines'],
            ['reconciliation', json_string('valued_later.reconciliation')],
            ['run_id', json_string(run_id())],
        ]) }} as payload,
        sealed_items.source_hashes
    from valued_later
    inner join match_lines
        on valued_later.match_id = match_lines.match_id
    inner join sealed_items
        on valued_later.match_id = sealed_items.match_id
),

-- what a person said is sealed once, whatever came of it
review_entries as (
    select
        'review_decision' as entry_type,
        case
            when review_decisions.exception_id is not null then 'exception'
            when review_decisions.match_id is not null then 'match'
            else 'items'
        end as subject_type,
        review_decisions.decision_id as subject_id,
        review_decisions.actor,
        {{ json_object([
            ['action', 'review_decisions.action'],
            ['approved_by', 'review_decisions.approved_by'],
            ['comment', 'review_decisions.comment'],
            ['decided_at', iso_timestamp('review_decisions.decided_at')],
            ['exception_id', 'review_decisions.exception_id'],
            ['items', 'review_decisions.items'],
            ['match_id', 'review_decisions.match_id'],
            ['reason_code', 'review_decisions.reason_code'],
        ]) }} as payload,
        {{ list_of(['review_decisions._row_hash']) }} as source_hashes
    from review_decisions
    left join journal_entries
        on
            journal_entries.entry_type = 'review_decision'
            and review_decisions.decision_id = journal_entries.subject_id
    where journal_entries.subject_id is null
),

-- an order that cannot be carried out is answered once
refusal_entries as (
    select
        'order_refused' as entry_type,
        'items' as subject_type,
        refused.decision_id as subject_id,
        'tieout' as actor,
        {{ json_object([
            ['action', 'refused.action'],
            ['actor', 'refused.actor'],
            ['item_key', 'refused.first_item_key'],
            ['reason', 'refused.refusal'],
        ]) }} as payload,
        {{ list_of(['refused.decision_row_hash']) }} as source_hashes
    from {{ ref('int_orders__refused') }} as refused
    where refused.is_new
),

-- what a person has paused, or put an end to, is sealed once; it rests on the word itself
flag_entries as (
    select
        'flag_changed' as entry_type,
        'flag' as subject_type,
        changes.control_id as subject_id,
        changes.actor,
        {{ json_object([
            ['customer_id', 'changes.customer_id'],
            ['ends_at', iso_timestamp('changes.ends_at')],
            ['flag', 'changes.flag'],
            ['noted_at', iso_timestamp('changes.noted_at')],
            ['reason', 'changes.reason'],
            ['rule_id', 'changes.rule_id'],
            ['starts_at', iso_timestamp('changes.starts_at')],
            ['state_after', 'changes.state_after'],
            ['state_before', 'changes.state_before'],
        ]) }} as payload,
        {{ list_of(['changes.row_hash']) }} as source_hashes
    from {{ ref('int_flags__changed') }} as changes
    left join journal_entries
        on
            journal_entries.entry_type = 'flag_changed'
            and changes.control_id = journal_entries.subject_id
    where journal_entries.subject_id is null
),

-- a rejection is sealed once, in however many runs its match is found again
already_rejected as (
    select
        'match_rejected' as entry_type,
        rejections.match_id
    from {{ ref('int_journal__rejections') }} as rejections
),

final as (
    select
        match_entries.entry_type,
        match_entries.subject_type,
        match_entries.subject_id,
        match_entries.actor,
        {{ as_of() }} as occurred_at,
        match_entries.payload,
        match_entries.source_hashes
    from match_entries
    left join already_rejected
        on
            match_entries.entry_type = already_rejected.entry_type
            and match_entries.subject_id = already_rejected.match_id
    where already_rejected.match_id is null
    union all
    select
        valuation_entries.entry_type,
        valuation_entries.subject_type,
        valuation_entries.subject_id,
        valuation_entries.actor,
        {{ as_of() }} as occurred_at,
        valuation_entries.payload,
        valuation_entries.source_hashes
    from valuation_entries
    union all
    select
        review_entries.entry_type,
        review_entries.subject_type,
        review_entries.subject_id,
        review_entries.actor,
        {{ as_of() }} as occurred_at,
        review_entries.payload,
        review_entries.source_hashes
    from review_entries
    union all
    select
        refusal_entries.entry_type,
        refusal_entries.subject_type,
        refusal_entries.subject_id,
        refusal_entries.actor,
        {{ as_of() }} as occurred_at,
        refusal_entries.payload,
        refusal_entries.source_hashes
    from refusal_entries
    union all
    select
        flag_entries.entry_type,
        flag_entries.subject_type,
        flag_entries.subject_id,
        flag_entries.actor,
        {{ as_of() }} as occurred_at,
        flag_entries.payload,
        flag_entries.source_hashes
    from flag_entries
    union all
    select
        exceptions.entry_type,
        exceptions.subject_type,
        exceptions.subject_id,
        exceptions.actor,
        exceptions.occurred_at,
        exceptions.payload,
        exceptions.source_hashes
    from exceptions
)

select * from final
