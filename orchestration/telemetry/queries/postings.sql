-- Every posting has a first line, which is cheaper to count than its keys.
select
    posting_status as status,
    count(*) as postings
from marts.fct_journal_entries
where line_number = 1
group by posting_status
