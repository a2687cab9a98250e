-- Gaps in the chain of an account's statements: one opens with another balance than the one before
-- closed with, and none over those days leads from the one to the other. A statement that lands
-- late and does so closes the gap. Where statements overlap, nothing is missing between them.
with

batches as (
    select *
    from {{ ref('stg_tieout__batches') }}
    where feed = 'bank_statements'
),

-- delivered twice it is one link of the chain
links as (
    select
        statements.batch_id,
        statements.account_id,
        statements.statement_id,
        statements.currency,
        coalesce(statements.currency, '') as currency_key,
        statements.opening_balance,
        statements.closing_balance,
        statements.opening_balance + statements.entries_total as booked_balance,
        statements.from_date,
        statements.to_date,
        row_number() over (
            partition by statements.account_id, statements.currency
            order by
                statements.from_date asc nulls last,
                statements.to_date asc nulls last,
                batches.run_sequence asc nulls last,
                statements.statement_id asc nulls last,
                statements.batch_id asc nulls last
        ) as place
    from {{ ref('stg_tieout__statements') }} as statements
    left join batches
        on statements.batch_id = batches.batch_id
    where
        statements.opening_balance is not null
        and statements.closing_balance is not null
        and statements.from_date is not null
        and statements.to_date is not null
        and statements.to_date <= {{ as_of_date() }}
    qualify row_number() over (
        partition by
            statements.account_id,
            statements.currency,
            statements.opening_balance,
            statements.closing_balance,
            statements.from_date,
            statements.to_date
        order by
            batches.run_sequence asc nulls last,
            statements.statement_id asc nulls last,
            statements.batch_id asc nulls last
    ) = 1
),

-- how far what began on an earlier day goes
started as (
    select
        days.account_id,
        days.currency_key,
        days.from_date,
        max(days.last_date) over (
            partition by days.account_id, days.currency_key
            order by days.from_date nulls last
            rows between unbounded preceding and 1 preceding
        ) as goes_on_until
    from (
        select
            links.account_id,
            links.currency_key,
            links.from_date,
            max(links.to_date) as last_date
        from links
        group by links.account_id, links.currency_key, links.from_date
    ) as days
),

placed as (
    select
        links.*,
        started.goes_on_until,
        lag(links.to_date) over chain as earlier_to_date,
        lag(links.closing_balance) over chain as earlier_closing
    from links
    inner join started
        on
            links.account_id = started.account_id
            and links.currency_key = started.currency_key
            and links.from_date = started.from_date
    window chain as (
        partition by links.account_id, links.currency_key
        order by links.place nulls last
    )
),

-- The one before closes with what it opens with, or would if it added up; of the statements of one
-- day any may be the one.
led_to as (
    {%- for balance in ['closing_balance', 'booked_balance'] %}
    select
        placed.account_id,
        placed.currency_key,
        placed.place
    from placed
    inner join links as earlier
        on
            placed.account_id = earlier.account_id
            and placed.currency_key = earlier.currency_key
            and placed.opening_balance = earlier.{{ balance }}
    where
        placed.place <> earlier.place
        and earlier.from_date <= placed.from_date
        and earlier.to_date <= placed.to_date
        and coalesce(earlier.to_date >= placed.goes_on_until, true)
    {{ 'union' if not loop.last }}
    {%- endfor %}
),

-- one that opens or closes as an earlier one of these days does tells of the same movements
overlapping as (
    {%- for balance in ['opening_balance', 'closing_balance'] %}
    select
        placed.account_id,
        placed.currency_key,
        placed.place
    from placed
    inner join links as earlier
        on
            placed.account_id = earlier.account_id
            and placed.currency_key = earlier.currency_key
            and placed.{{ balance }} = earlier.{{ balance }}
    where
        earlier.place < placed.place
        and earlier.to_date >= placed.from_date
    {{ 'union' if not loop.last }}
    {%- endfor %}
),

unlinked as (
    select
        placed.*,
        row_number() over (
            partition by placed.account_id, placed.currency_key
            order by placed.place nulls last
        ) as unlinked_rank
    from placed
    left join led_to
        on
            placed.account_id = led_to.account_id
            and placed.currency_key = led_to.currency_key
            and placed.place = led_to.place
    left join overlapping
        on
            placed.account_id = overlapping.account_id
            and placed.currency_key = overlapping.currency_key
            and placed.place = overlapping.place
    where
        led_to.place is null
        and overlapping.place is null
        and coalesce(placed.goes_on_until <= placed.from_date, true)
),

-- with one of its first day every chain begins
final as (
    select
        unlinked.batch_id,
        unlinked.account_id,
        unlinked.statement_id,
        unlinked.currency,
        unlinked.earlier_to_date as missing_from_date,
        unlinked.from_date as missing_to_date,
        cast(
            unlinked.opening_balance - unlinked.earlier_closing as {{ amount_type() }}
        ) as missing_amount
    from unlinked
    where
        unlinked.earlier_closing is not null
        and (unlinked.unlinked_rank > 1 or unlinked.goes_on_until is not null)
)

select * from final
