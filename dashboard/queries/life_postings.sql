-- One row per line of the postings of $matches, debits first.
select
    fct_journal_entries.match_id,
    fct_journal_entries.posting_key,
    fct_journal_entries.line_number,
    fct_journal_entries.posting_date,
    fct_journal_entries.account_code,
    fct_journal_entries.debit_amount,
    fct_journal_entries.credit_amount,
    fct_journal_entries.currency,
    fct_journal_entries.base_debit_amount,
    fct_journal_entries.base_credit_amount,
    fct_journal_entries.base_currency,
    fct_journal_entries.memo,
    fct_journal_entries.posting_status,
    fct_journal_entries.attempts,
    fct_journal_entries.external_id,
    fct_journal_entries.posted_at,
    fct_journal_entries.last_error,
    fct_journal_entries.reverses_posting_key
from marts.fct_journal_entries
where list_contains(cast($matches as varchar []), fct_journal_entries.match_id)
order by
    fct_journal_entries.posting_date,
    fct_journal_entries.posting_key,
    fct_journal_entries.line_number
limit 200
