-- Which invoices are copies of an earlier one. The earliest issued stays; it is never itself a
-- copy.
with

invoices as (
    select *
    from {{ ref('stg_billing__invoices') }}
    where status = 'open'
),

rules as (select * from {{ ref('duplicate_rules') }}),

numbered as (
    select
        invoices.invoice_id,
        invoices.customer_id,
        invoices.document_type,
        invoices.currency,
        invoices.total_amount,
        invoices.issued_at,
        invoices.idempotency_key,
        coalesce(invoices.source_system, '') as source_system,
        upper(trim(invoices.invoice_number)) as invoice_number,
        -- 'INV-7-B', 'INV-7 COPY', 'INV-7/2' carry the number 'INV-7' again
        {{ regex_replace_all(
            'upper(trim(invoices.invoice_number))',
            '[-_/. ]+(COPY|DUP|BIS|REV|R|V)?[-_. ]?[0-9A-Z]?$',
            ''
        ) }} as number_stem
    from invoices
),

same_key as (
    select
        numbered.invoice_id,
        first_value(numbered.invoice_id) over (
            partition by
                numbered.source_system, numbered.document_type, numbered.idempotency_key
            order by numbered.issued_at nulls last, numbered.invoice_id nulls last
        ) as original_invoice_id
    from numbered
    where numbered.idempotency_key is not null
),

-- the number itself again, or that number with a suffix behind it
number_pairs as (
    select
        copies.invoice_id,
        originals.invoice_id as original_invoice_id,
        originals.issued_at as original_issued_at,
        case
            when copies.invoice_number = originals.invoice_number then 'same_number'
            else 'number_suffix'
        end as rule_id,
        abs({{ days_between('originals.issued_at', 'copies.issued_at') }}) as days_apart
    from numbered as copies
    inner join numbered as originals
        on
            copies.customer_id = originals.customer_id
            and copies.document_type = originals.document_type
            and copies.currency = originals.currency
            and copies.total_amount = originals.total_amount
            and (
                copies.number_stem = originals.invoice_number
                or copies.invoice_number = originals.invoice_number
            )
    where
        copies.invoice_id <> originals.invoice_id
        and (
            copies.issued_at > originals.issued_at
            or (
                copies.issued_at = originals.issued_at
                and copies.invoice_number > originals.invoice_number
            )
            or (
                copies.issued_at = originals.issued_at
                and copies.invoice_number = originals.invoice_number
                and copies.invoice_id > originals.invoice_id
            )
        )
),

findings as (
    select
        same_key.invoice_id,
        same_key.original_invoice_id,
        'idempotency_key' as rule_id
    from same_key
    where same_key.invoice_id <> same_key.original_invoice_id
    union all
    select
        number_pairs.invoice_id,
        min_by(
            number_pairs.original_invoice_id,
            concat_ws(
                '|',
                {{ iso_timestamp('number_pairs.original_issued_at') }},
                number_pairs.original_invoice_id
            )
        ) as original_invoice_id,
        min(number_pairs.rule_id) as rule_id
    from number_pairs
    inner join rules
        on number_pairs.rule_id = rules.rule_id
    where number_pairs.days_apart <= rules.window_days
    group by number_pairs.invoice_id
),

final as (
    select
        findings.invoice_id,
        min(findings.original_invoice_id) as original_invoice_id,
        min(findings.rule_id) as rule_id
    from findings
    group by findings.invoice_id
)

select * from final
