-- One row per line that was, or will be, posted for a match.
select
    fct_journal_entries.posting_date,
    fct_journal_entries.account_code,
    fct_journal_entries.memo,
    fct_journal_entries.debit_amount,
    fct_journal_entries.credit_amount,
    fct_journal_entries.currency,
    fct_journal_entries.posting_status,
    fct_journal_entries.reverses_posting_key
from marts.fct_journal_entries
where fct_journal_entries.match_id = $match
order by
    fct_journal_entries.reverses_posting_key nulls first,
    fct_journal_entries.posting_key,
    fct_journal_entries.line_number
limit 200
