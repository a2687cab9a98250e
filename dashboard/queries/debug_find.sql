-- One row per record that has $find as its id, number or key, whatever it is; upper case or not
-- does not matter where $folded is yes. Each condition stands alone, so that each is a quick scan.
with shown as (select 60 as most),

item_rows as (
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

match_rows as (
    select fct_matches.rowid as row_id
    from marts.fct_matches
    where fct_matches.match_id = $find
),

exception_rows as (
    select fct_exceptions.rowid as row_id
    from marts.fct_exceptions
    where fct_exceptions.exception_id = $find or fct_exceptions.case_id = $find
),

batch_rows as (
    select fct_batches.rowid as row_id
    from marts.fct_batches
    where fct_batches.batch_id = $find or fct_batches.file_name = $find
),

posting_rows as (
    select fct_journal_entries.rowid as row_id
    from marts.fct_journal_entries
    where fct_journal_entries.posting_key = $find
),

customer_rows as (
    select dim_customers.rowid as row_id
    from marts.dim_customers
    where
        lower(dim_customers.customer_id) = lower($find)
        or lower(dim_customers.legal_name) = lower($find)
),

-- include: debug_kinds

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
    select * from kinds
    union all
    select * from runs
    union all
    select * from entries
    union all
    select * from refused
)

-- include: debug_named
