-- One row per record that has $find as its id, number or key, whatever it is; upper case or not
-- does not matter where $folded is yes. Each condition stands alone, so that each is a quick scan.
with item_rows as (
    select fct_items.rowid as row_id
    from marts.fct_items
    where fct_items.item_id = $find
    union
    select fct_items.rowid as row_id
    from marts.fct_items
    where fct_items.document_number = $find
    union
    select fct_items.rowid as row_id
    from marts.fct_items
    where suffix(fct_items.item_id, '/' || $find)
    union
    select fct_items.rowid as row_id
    from marts.fct_items
    where $folded = 'yes' and lower(fct_items.item_id) = lower($find)
    union
    select fct_items.rowid as row_id
    from marts.fct_items
    where $folded = 'yes' and lower(fct_items.document_number) = lower($find)
),

items as (
    select
        'item' as kind,
        fct_items.item_type as qualifier,
        fct_items.item_id as key,
        any_value(fct_items.document_number) as title,
        any_value(fct_items.party_id) as party_id,
        any_value(fct_items.event_date) as happened_on,
        any_value(fct_items.currency) as currency,
        any_value(fct_items.amount) as amount,
        string_agg(distinct fct_items.status, ', ' order by fct_items.status) as status
    from marts.fct_items
    where fct_items.rowid in (select item_rows.row_id from item_rows)
    group by fct_items.item_type, fct_items.item_id
    limit 60
),

matches as (
    select
        'match' as kind,
        null as qualifier,
        fct_matches.match_id as key,
        fct_matches.explanation as title,
        null as party_id,
        cast(fct_matches.decided_at as date) as happened_on,
        fct_matches.currency,
        fct_matches.amount,
        fct_matches.decision as status
    from marts.fct_matches
    where fct_matches.match_id = $find
),

exceptions as (
    select
        'exception' as kind,
        null as qualifier,
        fct_exceptions.exception_id as key,
        fct_exceptions.exception_type as title,
        fct_exceptions.customer_id as party_id,
        cast(fct_exceptions.opened_at as date) as happened_on,
        fct_exceptions.currency,
        fct_exceptions.amount,
        fct_exceptions.status
    from marts.fct_exceptions
    where fct_exceptions.exception_id = $find or fct_exceptions.case_id = $find
    limit 60
),

batches as (
    select
        'batch' as kind,
        null as qualifier,
        fct_batches.batch_id as key,
        fct_batches.feed || ' · ' || fct_batches.file_name as title,
        null as party_id,
        cast(fct_batches.landed_at as date) as happened_on,
        null as currency,
        null as amount,
        case when fct_batches.is_rejected then 'rejected' else 'loaded' end as status
    from marts.fct_batches
    where fct_batches.batch_id = $find or fct_batches.file_name = $find
    limit 60
),

runs as (
    select
        'run' as kind,
        null as qualifier,
        fct_runs.run_id as key,
        'as of ' || strftime(fct_runs.as_of, '%Y-%m-%d %H:%M') as title,
        null as party_id,
        cast(fct_runs.as_of as date) as happened_on,
        null as currency,
        null as amount,
        'published' as status
    from marts.fct_runs
    where fct_runs.run_id = $find
),

postings as (
    select
        'posting' as kind,
        any_value(fct_journal_entries.match_id) as qualifier,
        fct_journal_entries.posting_key as key,
        any_value(fct_journal_entries.memo) as title,
        null as party_id,
        any_value(fct_journal_entries.posting_date) as happened_on,
        any_value(fct_journal_entries.currency) as currency,
        sum(fct_journal_entries.debit_amount) as amount,
        any_value(fct_journal_entries.posting_status) as status
    from marts.fct_journal_entries
    where fct_journal_entries.posting_key = $find
    group by fct_journal_entries.posting_key
    limit 60
),

customers as (
    select
        'customer' as kind,
        null as qualifier,
        dim_customers.customer_id as key,
        dim_customers.legal_name as title,
        dim_customers.customer_id as party_id,
        cast(dim_customers.updated_at as date) as happened_on,
        null as currency,
        null as amount,
        dim_customers.tier as status
    from marts.dim_customers
    where
        lower(dim_customers.customer_id) = lower($find)
        or lower(dim_customers.legal_name) = lower($find)
    limit 60
),

entries as (
    select
        'audit entry' as kind,
        fct_audit_log.subject_type as qualifier,
        fct_audit_log.subject_id as key,
        fct_audit_log.entry_type as title,
        null as party_id,
        cast(fct_audit_log.occurred_at as date) as happened_on,
        null as currency,
        null as amount,
        'sealed in block ' || fct_audit_log.block as status
    from marts.fct_audit_log
    where fct_audit_log.entry_hash = $find
),

refused as (
    select
        'refused row' as kind,
        null as qualifier,
        fct_quarantine.batch_id || ':' || coalesce(fct_quarantine.line_number, 0) as key,
        fct_quarantine.reason as title,
        null as party_id,
        cast(fct_quarantine.quarantined_at as date) as happened_on,
        null as currency,
        null as amount,
        case
            when fct_quarantine.resolved_by_batch_id is null then 'quarantined' else 'resolved'
        end as status
    from marts.fct_quarantine
    where
        fct_quarantine.row_key = $find
        or suffix(fct_quarantine.row_key, '/' || $find)
    limit 60
),

found as (
    select * from items
    union all
    select * from matches
    union all
    select * from exceptions
    union all
    select * from batches
    union all
    select * from runs
    union all
    select * from postings
    union all
    select * from customers
    union all
    select * from entries
    union all
    select * from refused
)

select
    found.kind,
    found.qualifier,
    found.key,
    found.title,
    found.party_id as customer_id,
    dim_customers.legal_name as customer,
    found.happened_on,
    found.currency,
    found.amount,
    found.status
from found
left join marts.dim_customers
    on found.party_id = dim_customers.customer_id
order by found.kind, found.happened_on desc nulls last, found.qualifier, found.key
limit 60
