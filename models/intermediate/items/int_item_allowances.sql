-- What may be missing from a payment without being owed: discounts by terms, tax withheld, charges
-- that the bank states, agreed short pay. Only what is known beforehand; nothing is inferred here.
with

items as (
    select *
    from {{ ref('int_items') }}
    where set_aside_reason is null
),

kinds as (select * from {{ ref('allowance_kinds') }}),

invoices as (select * from {{ ref('stg_billing__invoices') }}),

customers as (select * from {{ ref('stg_crm__customers') }}),

agreements as (select * from {{ ref('short_pay_agreements') }}),

bank_transactions as (select * from {{ ref('int_bank_transactions__booked') }}),

currencies as (select * from {{ ref('currencies') }}),

-- a credit memo reduces the allowance of the invoice that it corrects
documents as (
    select
        items.item_key,
        coalesce(cast(originals.issued_at as date), items.event_date) as terms_from,
        items.event_date,
        items.amount,
        items.currency,
        currencies.minor_digits,
        invoices.customer_id,
        sign(items.amount)
        * (invoices.total_amount - coalesce(invoices.tax_amount, {{ zero() }})) as net_amount,
        coalesce(
            invoices.payment_terms, originals.payment_terms, customers.payment_terms
        ) as payment_terms,
        coalesce(
            invoices.withholding_rate, originals.withholding_rate, customers.withholding_rate
        ) as withholding_rate
    from items
    inner join invoices
        on
            items.item_type = invoices.document_type
            and items.item_id = {{ item_id(['invoices.invoice_id']) }}
    left join invoices as originals
        on invoices.related_invoice_id = originals.invoice_id
    left join customers
        on invoices.customer_id = customers.customer_id
    left join currencies
        on items.currency = currencies.code
    where items.reconciliation = 'invoice_to_receipt'
),

-- '2/10 net 30': two per cent when paid within ten days
discount_terms as (
    select
        documents.*,
        {{ try_cast_as(
            regex_extract('documents.payment_terms', '^ *([0-9]+[.]?[0-9]*) *%? */ *[0-9]+', 1),
            amount_type()
        ) }} as discount_percent,
        {{ try_cast_as(
            regex_extract('documents.payment_terms', '^ *[0-9]+[.]?[0-9]* *%? */ *([0-9]+)', 1),
            'int'
        ) }} as discount_days
    from documents
    where documents.payment_terms is not null
),

discounts as (
    select
        discount_terms.item_key,
        'discount' as kind,
        'terms' as basis,
        {{ round_amount(
            '(cast(discount_terms.amount * discount_terms.discount_percent as ' ~ amount_type()
            ~ ') * cast(0.01 as decimal(3, 2)))',
            'discount_terms.minor_digits'
        ) }} as amount,
        cast({{ add_days('discount_terms.terms_from', 'discount_terms.discount_days') }} as date)
            as valid_until
    from discount_terms
    where discount_terms.discount_percent > 0 and discount_terms.discount_percent < 100
),

withheld as (
    select
        documents.item_key,
        'withholding' as kind,
        bases.basis,
        {{ round_amount(
            "(case when bases.basis = 'total' then documents.amount else documents.net_amount end"
            ~ " * documents.withholding_rate)",
            'documents.minor_digits'
        ) }} as amount,
        cast(null as date) as valid_until
    from documents
    cross join (
        select 'total' as basis
        union all
        select 'net_of_tax' as basis
    ) as bases
    where documents.withholding_rate > 0 and documents.withholding_rate < 1
),

agreed as (
    select
        documents.item_key,
        'short_pay' as kind,
        'agreement' as basis,
        case
            when
                agreements.largest_amount is not null
                and documents.amount * agreements.rate > agreements.largest_amount
                then agreements.largest_amount
            else {{ round_amount(
                '(documents.amount * agreements.rate)', 'documents.minor_digits'
            ) }}
        end as amount,
        cast(null as date) as valid_until
    from documents
    inner join agreements
        on
            documents.customer_id = agreements.customer_id
            and documents.currency = agreements.currency
            and documents.event_date >= agreements.valid_from
    where
        agreements.rate > 0
        and (agreements.valid_to is null or documents.event_date < agreements.valid_to)
),

-- the bank says what was sent, or what was kept on the way
charged as (
    select
        items.item_key,
        'charges' as kind,
        'stated_by_bank' as basis,
        greatest(
            case
                when bank_transactions.charges_amount < 0 then -bank_transactions.charges_amount
                else {{ zero() }}
            end,
            case
                when bank_transactions.original_currency = items.currency
                    then
                        abs(coalesce(bank_transactions.original_amount, items.amount))
                        - items.amount
                else {{ zero() }}
            end
        ) as amount,
        cast(null as date) as valid_until
    from items
    inner join bank_transactions
        on items.item_id = bank_transactions.item_id
    where items.item_type = 'bank_transaction' and items.side = 'actual' and items.amount > 0
),

allowances as (
    select * from discounts
    union all
    select * from withheld
    union all
    select * from agreed
    union all
    select * from charged
),

final as (
    select
        allowances.item_key,
        allowances.kind,
        allowances.basis,
        cast(allowances.amount as {{ amount_type() }}) as amount,
        cast({{ add_days('allowances.valid_until', 'kinds.grace_days') }} as date) as valid_until
    from allowances
    inner join kinds
        on allowances.kind = kinds.kind
    where allowances.amount <> 0
)

select * from final
