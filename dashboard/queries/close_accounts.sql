-- One row per bank account at the end of the period that begins on $period.
select
    agg_bank_reconciliations.account_id,
    agg_bank_reconciliations.account_name,
    agg_bank_reconciliations.accounts,
    agg_bank_reconciliations.currency,
    agg_bank_reconciliations.ledger_account_code,
    agg_bank_reconciliations.period_end,
    agg_bank_reconciliations.statements,
    agg_bank_reconciliations.covered_until,
    agg_bank_reconciliations.statement_gaps,
    agg_bank_reconciliations.statements_not_adding_up,
    agg_bank_reconciliations.stated_on,
    agg_bank_reconciliations.stated_balance,
    agg_bank_reconciliations.stated_difference,
    agg_bank_reconciliations.bank_balance,
    agg_bank_reconciliations.is_in_books,
    agg_bank_reconciliations.at_bank_only,
    agg_bank_reconciliations.at_bank_only_items,
    agg_bank_reconciliations.in_books_only,
    agg_bank_reconciliations.in_books_only_items,
    agg_bank_reconciliations.accepted_difference,
    agg_bank_reconciliations.books_balance,
    agg_bank_reconciliations.unexplained_difference,
    agg_bank_reconciliations.covered_until >= agg_bank_reconciliations.period_end as is_covered,
    -agg_bank_reconciliations.at_bank_only as less_at_bank_only,
    -agg_bank_reconciliations.accepted_difference as less_accepted_difference,
    -agg_bank_reconciliations.unexplained_difference as less_unexplained_difference
from marts.agg_bank_reconciliations
where agg_bank_reconciliations.period_start = try_cast($period as date)
order by
    agg_bank_reconciliations.is_in_books desc,
    agg_bank_reconciliations.ledger_account_code,
    agg_bank_reconciliations.account_id,
    agg_bank_reconciliations.currency
