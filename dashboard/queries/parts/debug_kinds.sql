-- `kinds`: the records of `item_rows`, `match_rows` and so on, at most `shown.most` of each kind.
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
    limit (select shown.most from shown)
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
    where fct_matches.rowid in (select match_rows.row_id from match_rows)
    limit (select shown.most from shown)
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
    where fct_exceptions.rowid in (select exception_rows.row_id from exception_rows)
    limit (select shown.most from shown)
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
    where fct_batches.rowid in (select batch_rows.row_id from batch_rows)
    limit (select shown.most from shown)
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
    where fct_journal_entries.rowid in (select posting_rows.row_id from posting_rows)
    group by fct_journal_entries.posting_key
    limit (select shown.most from shown)
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
    where dim_customers.rowid in (select customer_rows.row_id from customer_rows)
    limit (select shown.most from shown)
),

kinds as (
    select * from items
    union all
    select * from matches
    union all
    select * from exceptions
    union all
    select * from batches
    union all
    select * from postings
    union all
    select * from customers
),
