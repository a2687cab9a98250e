-- The currencies that this company's documents and money are in, and the reporting currency.
with

used as (
    select stg_billing__invoices.currency from {{ ref('stg_billing__invoices') }}
    union
    select stg_gateway__transactions.currency from {{ ref('stg_gateway__transactions') }}
    union
    select stg_bank__transactions.currency from {{ ref('stg_bank__transactions') }}
    union
    select {{ reporting_currency() }} as currency
),

final as (
    select used.currency
    from used
    where used.currency is not null
)

select * from final
