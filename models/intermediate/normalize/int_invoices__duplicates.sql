-- Which invoices are copies of an earlier one, and which look like it. The earliest issued
-- stays; it is never itself a copy. What a person has said to be no duplicate is none. Windows are
-- half-open: last week's invoice of the same amount is not within a week of this one.
with

rules as (select * from {{ ref('duplicate_rules') }}),

invoice_lines as (select * from {{ ref('stg_billing__invoice_lines') }}),

landed_records as (
    select *
    from {{ ref('stg_tieout__landed_records') }}
    where feed = 'billing_invoices'
),

known_exceptions as (select * from {{ ref('int_exceptions__journal') }}),

review_decisions as (
    select *
    from {{ ref('stg_review__decisions') }}
    where
        (action = 'not_a_duplicate' or (action = 'resolve' and reason_code = 'not_a_duplicate'))
        and decided_at <= {{ as_of() }}
),

numbered as (
    select
        invoices.invoice_id,
        invoices.customer_id,
        invoices.document_type,
        invoices.currency,
        invoices.total_amount,
        invoices.issued_at,
        invoices.idempotency_key,
        coalesce(invoices.related_invoice_id, '') as related_invoice_id,
        coalesce(invoices.purchase_order_number, '') as purchase_order_number,
        coalesce(invoices.source_system, '') as source_system,
        upper(trim(invoices.invoice_number)) as invoice_number,
        -- 'INV-7-B', 'INV-7 COPY', 'INV-7/2' carry the number 'INV-7' again
        {{ regex_replace_all(
            'upper(trim(invoices.invoice_number))',
            '[-_/. ]+(COPY|DUP|BIS|REV|R|V)?[-_. ]?[0-9A-Z]?$',
            ''
        ) }} as number_stem
    from {{ ref('stg_billing__invoices') }} as invoices
    where invoices.status = 'open'
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
carried_numbers as (
    select
        numbered.invoice_id,
        numbered.invoice_number as carried_number
    from numbered
    union all
    select
        numbered.invoice_id,
        numbered.number_stem as carried_number
    from numbered
    where numbered.number_stem <> numbered.invoice_number
),

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
    from carried_numbers
    inner join numbered as copies
        on carried_numbers.invoice_id = copies.invoice_id
    inner join numbered as originals
        on
            carried_numbers.carried_number = originals.invoice_number
            and copies.customer_id = originals.customer_id
            and copies.document_type = originals.document_type
            and copies.currency = originals.currency
            and copies.total_amount = originals.total_amount
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

certain as (
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
    where number_pairs.days_apart < rules.window_days
    group by number_pairs.invoice_id
),

copies as (
    select
        certain.invoice_id,
        min(certain.original_invoice_id) as original_invoice_id,
        min(certain.rule_id) as rule_id
    from certain
    group by certain.invoice_id
),

-- equal amounts of one customer in the order of their issue, without the copies
neighbours as (
    select
        numbered.invoice_id,
        numbered.customer_id,
        numbered.document_type,
        numbered.currency,
        numbered.total_amount,
        lag(numbered.invoice_id) over series as earlier_invoice_id,
        {{ days_between('lag(numbered.issued_at) over series', 'numbered.issued_at') }}
            as days_apart
    from numbered
    left join copies
        on numbered.invoice_id = copies.invoice_id
    where copies.invoice_id is null and numbered.total_amount <> 0
    window series as (
        partition by
            numbered.customer_id,
            numbered.document_type,
            numbered.currency,
            numbered.total_amount,
            numbered.related_invoice_id,
            numbered.purchase_order_number
        order by numbered.issued_at nulls last, numbered.invoice_id nulls last
    )
),

close_pairs as (
    select
        neighbours.*,
        rules.rule_id,
        rules.series_items,
        rules.series_tolerance_days
    from neighbours
    inner join rules
        on rules.rule_id = 'same_content' and neighbours.days_apart < rules.window_days
    where neighbours.earlier_invoice_id is not null
),

intervals as (
    select
        neighbours.customer_id,
        neighbours.document_type,
        neighbours.currency,
        neighbours.total_amount,
        neighbours.days_apart,
        count(*) as times
    from neighbours
    where neighbours.days_apart is not null
    group by
        neighbours.customer_id,
        neighbours.document_type,
        neighbours.currency,
        neighbours.total_amount,
        neighbours.days_apart
),

-- a subscription: as many equal amounts, each the same number of days after the one before
series_lengths as (
    select
        close_pairs.invoice_id,
        sum(intervals.times) + 1 as items_at_interval
    from close_pairs
    inner join intervals
        on
            close_pairs.customer_id = intervals.customer_id
            and close_pairs.document_type = intervals.document_type
            and close_pairs.currency = intervals.currency
            and close_pairs.total_amount = intervals.total_amount
            and abs(close_pairs.days_apart - intervals.days_apart)
            <= close_pairs.series_tolerance_days
    where close_pairs.days_apart > 0
    group by close_pairs.invoice_id
),

paired_invoices as (
    select close_pairs.invoice_id
    from close_pairs
    union
    select close_pairs.earlier_invoice_id as invoice_id
    from close_pairs
),

-- other lines, or the same ones of another period, are another delivery
contents as (
    select
        invoice_lines.invoice_id,
        cast(count(*) as {{ dbt.type_string() }}) || ' lines: ' || {{ sorted_text_agg(
            "concat_ws('|', coalesce(invoice_lines.sku, ''), coalesce(invoice_lines.meter, ''), "
            ~ "coalesce(invoice_lines.description, ''), coalesce("
            ~ amount_text('invoice_lines.quantity') ~ ", ''), "
            ~ amount_text('invoice_lines.amount') ~ ", coalesce("
            ~ iso_date('invoice_lines.period_start') ~ ", ''), coalesce("
            ~ iso_date('invoice_lines.period_end') ~ ", ''))",
            ';'
        ) }} as content
    from invoice_lines
    inner join paired_invoices
        on invoice_lines.invoice_id = paired_invoices.invoice_id
    group by invoice_lines.invoice_id
),

suspected as (
    select
        close_pairs.invoice_id,
        close_pairs.earlier_invoice_id as original_invoice_id,
        close_pairs.rule_id
    from close_pairs
    left join series_lengths
        on close_pairs.invoice_id = series_lengths.invoice_id
    left join contents as own_content
        on close_pairs.invoice_id = own_content.invoice_id
    left join contents as earlier_content
        on close_pairs.earlier_invoice_id = earlier_content.invoice_id
    where
        coalesce(series_lengths.items_at_interval, 1) < close_pairs.series_items
        and coalesce(own_content.content, '') = coalesce(earlier_content.content, '')
),

findings as (
    select * from copies
    union all
    select * from suspected
),

first_runs as (
    select
        findings.invoice_id,
        min(landed_records.run_sequence) as run_sequence
    from findings
    inner join landed_records
        on findings.invoice_id = landed_records.record_key
    group by findings.invoice_id
),

-- copies that one fault made: one rule, one source system, one run in which they came
grouped as (
    select
        findings.invoice_id,
        findings.original_invoice_id,
        findings.rule_id,
        rules.effect,
        concat_ws(
            '|',
            findings.rule_id,
            numbered.document_type,
            numbered.source_system,
            'run ' || cast(first_runs.run_sequence as {{ dbt.type_string() }})
        ) as group_name,
        'invoice_to_receipt|' || numbered.document_type || '|'
        || {{ item_id(['numbered.invoice_id']) }} as item_key
    from findings
    inner join numbered
        on findings.invoice_id = numbered.invoice_id
    inner join rules
        on findings.rule_id = rules.rule_id
    left join first_runs
        on findings.invoice_id = first_runs.invoice_id
),

released as (
    select distinct
        known_exceptions.item_key,
        known_exceptions.group_name
    from known_exceptions
    inner join review_decisions
        on known_exceptions.exception_id = review_decisions.exception_id
),

final as (
    select
        grouped.invoice_id,
        grouped.original_invoice_id,
        grouped.rule_id,
        grouped.effect,
        grouped.group_name
    from grouped
    left join released as released_items
        on
            grouped.item_key = released_items.item_key
            and released_items.group_name is null
    left join (
        select distinct released.group_name
        from released
        where released.group_name is not null
    ) as released_groups
        on grouped.group_name = released_groups.group_name
    where released_items.item_key is null and released_groups.group_name is null
)

select * from final
