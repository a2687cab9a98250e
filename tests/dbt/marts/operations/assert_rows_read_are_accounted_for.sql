-- Batch conservation. Guards: for every landed file, rows read = loaded + re-delivered +
-- quarantined, the rows loaded are the rows that lie in raw, and the rows quarantined are the
-- rows listed; no raw row belongs to a file that the manifest does not name.
-- Breaks when: ingest drops a row, counts it twice, or a killed run leaves orphans in raw. In
-- silence, a customer's payment would never have existed.
{{ config(meta={'dagster': {'ref': {'name': 'fct_batches'}}}) }}

with

batches as (
    select
        batches.*,
        {{ record_feed('batches.feed') }} as record_feed
    from {{ ref('fct_batches') }} as batches
),

-- documents that a bank file quotes become advice lines beside its items, and are no rows of it
raw_rows as (
    select
        landed_records.feed as record_feed,
        landed_records.batch_id,
        count(*) as row_count
    from {{ ref('stg_tieout__landed_records') }} as landed_records
    where
        landed_records.feed <> 'remittance_advice_lines'
        or landed_records.batch_id not in (
            select bank_files.batch_id from batches as bank_files
            where bank_files.feed = 'bank_statements'
        )
    group by landed_records.feed, landed_records.batch_id
),

-- the same bytes in two feeds are two batches; bank files and tables share one raw feed
manifest as (
    select
        batches.record_feed,
        batches.batch_id,
        sum(batches.rows_loaded) as rows_loaded
    from batches
    group by batches.record_feed, batches.batch_id
),

listed_rejects as (
    select
        quarantine.feed,
        quarantine.batch_id,
        count(*) as row_count
    from {{ ref('fct_quarantine') }} as quarantine
    where not quarantine.is_file
    group by quarantine.feed, quarantine.batch_id
),

unbalanced as (
    select
        batches.feed,
        batches.batch_id,
        batches.rows_read as stated,
        batches.rows_loaded + batches.rows_redelivered + batches.rows_quarantined as found,
        'rows read are not loaded, re-delivered or quarantined' as failure
    from batches
    where
        batches.rows_read
        is distinct from batches.rows_loaded + batches.rows_redelivered + batches.rows_quarantined
),

not_in_raw as (
    select
        coalesce(manifest.record_feed, raw_rows.record_feed) as feed,
        coalesce(manifest.batch_id, raw_rows.batch_id) as batch_id,
        cast(manifest.rows_loaded as bigint) as stated,
        coalesce(raw_rows.row_count, 0) as found,
        'rows loaded are not the rows in raw' as failure
    from manifest
    full outer join raw_rows
        on
            manifest.record_feed = raw_rows.record_feed
            and manifest.batch_id = raw_rows.batch_id
    where
        manifest.batch_id is null
        or manifest.rows_loaded is distinct from coalesce(raw_rows.row_count, 0)
),

not_listed as (
    select
        coalesce(batches.feed, listed_rejects.feed) as feed,
        coalesce(batches.batch_id, listed_rejects.batch_id) as batch_id,
        batches.rows_quarantined as stated,
        coalesce(listed_rejects.row_count, 0) as found,
        'rows quarantined are not the rows listed' as failure
    from batches
    full outer join listed_rejects
        on
            batches.feed = listed_rejects.feed
            and batches.batch_id = listed_rejects.batch_id
    where
        batches.batch_id is null
        or batches.rows_quarantined is distinct from coalesce(listed_rejects.row_count, 0)
),

final as (
    select * from unbalanced
    union all
    select * from not_in_raw
    union all
    select * from not_listed
)

select * from final
