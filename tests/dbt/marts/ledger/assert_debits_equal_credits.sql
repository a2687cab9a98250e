-- Invariant 4, before anything is committed. Guards: in every entry that is due debits equal
-- credits, per posting key and currency and in the reporting currency; every line is a debit or a
-- credit, never both, none or negative (an exchange difference in the reporting currency alone); an
-- entry is valued in the reporting currency as a whole or, while a rate is missing, not at all.
-- Breaks when: a line kind loses its counterpart (an adjustment without account, a conversion with
-- one leg) or the rounding remainder of the base amounts is not allocated. In silence, the match
-- would be sealed, and the general ledger refuse its entry, or take it and not balance.
{%- set kept = {
    'by': 'posting_key',
    'read': {'int_journal_entries__due': 'posting_key'},
} -%}
{{ config(meta={'kept': kept, 'dagster': {'ref': {'name': 'int_journal_entries__due'}}}) }}

with

entries as (select * from {{ ref('int_journal_entries__due') }}),

currency_totals as (
    select
        entries.posting_key,
        entries.currency,
        sum(entries.debit_amount) as debit_amount,
        sum(entries.credit_amount) as credit_amount,
        count(*) as line_count,
        count(entries.debit_amount) as debit_count,
        count(entries.credit_amount) as credit_count
    from entries
    group by entries.posting_key, entries.currency
),

base_totals as (
    select
        entries.posting_key,
        sum(entries.base_debit_amount) as debit_amount,
        sum(entries.base_credit_amount) as credit_amount,
        count(*) as line_count,
        count(entries.base_debit_amount) as debit_count,
        count(entries.base_credit_amount) as credit_count
    from entries
    group by entries.posting_key
),

final as (
    select
        currency_totals.posting_key,
        currency_totals.currency,
        'debits and credits differ' as failure,
        currency_totals.debit_amount,
        currency_totals.credit_amount
    from currency_totals
    where
        currency_totals.debit_amount is distinct from currency_totals.credit_amount
        or currency_totals.debit_count <> currency_totals.line_count
        or currency_totals.credit_count <> currency_totals.line_count
    union all
    select
        base_totals.posting_key,
        'base' as currency,
        'base debits and credits differ' as failure,
        base_totals.debit_amount,
        base_totals.credit_amount
    from base_totals
    where
        base_totals.debit_amount is distinct from base_totals.credit_amount
        or base_totals.debit_count <> base_totals.credit_count
        or (
            base_totals.debit_count <> base_totals.line_count and base_totals.debit_count > 0
        )
    union all
    select
        entries.posting_key,
        entries.currency,
        'a line is not one positive debit or credit' as failure,
        entries.debit_amount,
        entries.credit_amount
    from entries
    where
        least(entries.debit_amount, entries.credit_amount) is distinct from {{ zero() }}
        or (
            greatest(entries.debit_amount, entries.credit_amount) <= {{ zero() }}
            and (
                entries.posting_kind is distinct from 'realised_fx'
                or coalesce(
                    greatest(entries.base_debit_amount, entries.base_credit_amount), {{ zero() }}
                ) <= {{ zero() }}
            )
        )
        or coalesce(
            least(entries.base_debit_amount, entries.base_credit_amount), {{ zero() }}
        ) <> {{ zero() }}
        or coalesce(
            greatest(entries.base_debit_amount, entries.base_credit_amount), {{ zero() }}
        ) < {{ zero() }}
)

select * from final
