-- One row per record whose id, number or key begins with $find, and per customer whose name holds it.
with shown as (select 30 as most),

item_rows as (
    (
        select fct_items.rowid as row_id
        from marts.fct_items
        where starts_with(fct_items.item_id, $find)
        limit 100
    )
    union
    (
        select fct_items.rowid as row_id
        from marts.fct_items
        where starts_with(fct_items.document_number, $find)
        limit 100
    )
    union
    (
        select fct_items.rowid as row_id
        from marts.fct_items
        where contains(fct_items.item_id, '/' || $find)
        limit 100
    )
),

match_rows as (
    select fct_matches.rowid as row_id
    from marts.fct_matches
    where starts_with(fct_matches.match_id, $find)
),

exception_rows as (
    select fct_exceptions.rowid as row_id
    from marts.fct_exceptions
    where starts_with(fct_exceptions.exception_id, $find)
),

batch_rows as (
    select fct_batches.rowid as row_id
    from marts.fct_batches
    where
        starts_with(fct_batches.batch_id, $find)
        or contains(lower(fct_batches.file_name), lower($find))
),

posting_rows as (
    select fct_journal_entries.rowid as row_id
    from marts.fct_journal_entries
    where starts_with(fct_journal_entries.posting_key, $find)
),

customer_rows as (
    select dim_customers.rowid as row_id
    from marts.dim_customers
    where
        starts_with(dim_customers.customer_id, $find)
        or contains(lower(dim_customers.legal_name), lower($find))
),

-- include: debug_kinds

found as (select * from kinds)

-- include: debug_named
