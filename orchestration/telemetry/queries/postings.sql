select
    posting_status as status,
    count(distinct posting_key) as postings
from marts.fct_journal_entries
group by posting_status
