-- One row per match behind a check of the close: of the period that begins on $period or of one before,
-- by the day of its last item. $check: suggestions_waiting | postings_failed | postings_waiting; of
-- postings a row each.
with
-- include: close_cut

postings as (
    select distinct
        fct_journal_entries.posting_key,
        fct_journal_entries.match_id,
        fct_journal_entries.posting_status,
        fct_journal_entries.last_error
    from marts.fct_journal_entries
    where
        case $check
            when 'postings_failed' then fct_journal_entries.posting_status in ('failed', 'held')
            when 'postings_waiting' then fct_journal_entries.posting_status = 'ready'
            else false
        end
),

chosen as (
    select
        fct_matches.match_id,
        null as posting_key,
        null as posting_status,
        null as last_error
    from marts.fct_matches
    where
        $check = 'suggestions_waiting'
        and fct_matches.decision in ('suggested', 'pending_approval')
    union all
    select
        postings.match_id,
        postings.posting_key,
        postings.posting_status,
        postings.last_error
    from postings
),

completed as (
    select
        fct_match_allocations.match_id,
        max(fct_items.event_date) as completed_on
    from marts.fct_match_allocations
    semi join chosen on fct_match_allocations.match_id = chosen.match_id
    inner join marts.fct_items
        on
            fct_match_allocations.reconciliation = fct_items.reconciliation
            and fct_match_allocations.side = fct_items.side
            and fct_match_allocations.item_type = fct_items.item_type
            and fct_match_allocations.item_id = fct_items.item_id
    group by fct_match_allocations.match_id
)

select
    fct_matches.match_id,
    fct_matches.reconciliation,
    fct_matches.rule_id,
    fct_matches.decision,
    fct_matches.explanation,
    fct_matches.item_count,
    fct_matches.currency,
    fct_matches.amount,
    fct_matches.difference_amount,
    completed.completed_on,
    chosen.posting_key,
    chosen.posting_status,
    chosen.last_error,
    count(*) over () as row_count
from chosen
inner join completed on chosen.match_id = completed.match_id
inner join marts.fct_matches on chosen.match_id = fct_matches.match_id
cross join cut
where completed.completed_on <= cut.period_end
order by completed.completed_on, fct_matches.match_id, chosen.posting_key
limit $limit offset $offset
