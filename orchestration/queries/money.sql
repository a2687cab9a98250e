-- Per currency: what was invoiced (drafts, void ones and duplicates apart; credit memos are not
-- counted here), and how much of it is settled, matched, adjusted, open and overdue.
select
    invoices.currency,
    count(*) as invoices,
    sum(invoices.total_amount) as invoiced,
    sum(case when invoices.settled_at is not null then invoices.matched_amount else 0 end)
        as settled,
    sum(invoices.matched_amount) as matched,
    sum(invoices.adjusted_amount) as adjusted,
    sum(invoices.open_amount) as open_amount,
    sum(case when invoices.days_overdue > 0 then invoices.open_amount else 0 end) as overdue
from marts.fct_invoices as invoices
where
    invoices.document_type = 'invoice'
    and invoices.reconciliation_status not in ('draft', 'void', 'duplicate')
group by invoices.currency
order by invoiced desc nulls last, invoices.currency
