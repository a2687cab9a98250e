-- The bank reconciliation statement of each account at the end of each month: balance per bank,
-- what only one side shows, balance per books.
with

accounts as (select * from {{ ref('stg_bank__accounts') }}),

-- delivered twice it is one statement
statements as (
    select distinct
        account_id,
        currency,
        opening_balance,
        closing_balance,
        from_date,
        to_date
    from {{ ref('stg_tieout__statements') }}
    where
        opening_balance is not null
        and closing_balance is not null
        and from_date is not null
        and to_date is not null
        and to_date <= {{ as_of_date() }}
),

statement_faults as (
    select
        failed.account_id,
        failed.currency,
        failed.condition,
        coalesce(failed.missing_from_date, faulty.from_date) as fault_date
    from {{ ref('int_statements__failed') }} as failed
    left join {{ ref('stg_tieout__statements') }} as faulty
        on
            failed.batch_id = faulty.batch_id
            and failed.account_id = faulty.account_id
            and failed.statement_id is not distinct from faulty.statement_id
            and failed.currency is not distinct from faulty.currency
),

items as (
    select
        items.*,
        fx_rates.rate
    from {{ ref('int_items__balanced') }} as items
    left join {{ ref('fct_fx_rates') }} as fx_rates
        on items.event_date = fx_rates.rate_date and items.currency = fx_rates.currency
    where items.reconciliation = 'bank_to_ledger' and items.status <> 'set_aside'
),

copies as (
    select distinct item_id
    from {{ ref('int_items__balanced') }}
    where item_type = 'bank_transaction' and set_aside_reason = 'suspected_copy'
),

allocations as (
    select *
    from {{ ref('int_match_allocations') }}
    where is_live and reconciliation = 'bank_to_ledger'
),

bank_days as (
    select
        bank_lines.account_id,
        bank_lines.currency,
        bank_lines.booking_date,
        sum(bank_lines.amount) as amount
    from {{ ref('int_bank_transactions__classified') }} as bank_lines
    left join copies
        on bank_lines.item_id = copies.item_id
    where bank_lines.is_booked and copies.item_id is null
    group by bank_lines.account_id, bank_lines.currency, bank_lines.booking_date
),

-- two years back; what is older is long closed
periods as (
    select
        dates.month_start_date as period_start,
        max(dates.date_day) as period_end
    from {{ ref('dim_dates') }} as dates
    where
        dates.month_start_date <= {{ as_of_date() }}
        and dates.month_start_date > cast({{ add_days(as_of_date(), -731) }} as date)
    group by dates.month_start_date
),

known_accounts as (
    select
        listed.account_id,
        listed.currency,
        max(listed.name) as name,
        max(listed.ledger_account_code) as ledger_account_code,
        max(listed.opening_balance) as opening_balance
    from (
        select
            accounts.account_id,
            accounts.currency,
            accounts.name,
            accounts.ledger_account_code,
            accounts.opening_balance
        from accounts
        union all
        select
            bank_days.account_id,
            bank_days.currency,
            cast(null as {{ dbt.type_string() }}) as name,
            cast(null as {{ dbt.type_string() }}) as ledger_account_code,
            cast(null as {{ amount_type() }}) as opening_balance
        from bank_days
    ) as listed
    group by listed.account_id, listed.currency
),

-- accounts of one currency that share a code are one account to the books
in_books as (
    select
        known_accounts.*,
        case
            when known_accounts.ledger_account_code is null then known_accounts.account_id
            else min(known_accounts.account_id) over (
                partition by known_accounts.ledger_account_code, known_accounts.currency
            )
        end as party_id
    from known_accounts
),

first_statements as (
    select *
    from statements
    qualify row_number() over (
        partition by statements.account_id, statements.currency
        order by
            statements.from_date asc nulls last,
            statements.to_date asc nulls last,
            statements.closing_balance asc nulls last
    ) = 1
),

-- what no list of accounts says, the first statement does: less what was booked before it
opened as (
    select
        in_books.account_id,
        in_books.currency,
        in_books.name,
        in_books.ledger_account_code,
        in_books.party_id,
        coalesce(
            max(in_books.opening_balance),
            max(first_statements.opening_balance) - coalesce(sum(bank_days.amount), 0)
        ) as opening_balance
    from in_books
    left join first_statements
        on
            in_books.account_id = first_statements.account_id
            and in_books.currency = first_statements.currency
    left join bank_days
        on
            first_statements.account_id = bank_days.account_id
            and first_statements.currency = bank_days.currency
            and first_statements.from_date > bank_days.booking_date
    group by
        in_books.account_id,
        in_books.currency,
        in_books.name,
        in_books.ledger_account_code,
        in_books.party_id
),

account_periods as (
    select
        opened.*,
        periods.period_start,
        periods.period_end
    from opened
    cross join periods
),

last_statements as (
    select
        account_periods.account_id,
        account_periods.currency,
        account_periods.period_end,
        statements.to_date as stated_on,
        statements.closing_balance as stated_balance
    from account_periods
    inner join statements
        on
            account_periods.account_id = statements.account_id
            and account_periods.currency = statements.currency
            and account_periods.period_end >= statements.to_date
    qualify row_number() over (
        partition by
            account_periods.account_id, account_periods.currency, account_periods.period_end
        order by
            statements.to_date desc nulls last,
            statements.from_date desc nulls last,
            statements.closing_balance asc nulls last
    ) = 1
),

statement_counts as (
    select
        statements.account_id,
        statements.currency,
        count(*) as statements,
        max(statements.to_date) as covered_until
    from statements
    group by statements.account_id, statements.currency
),

faults as (
    select
        account_periods.account_id,
        account_periods.currency,
        account_periods.period_end,
        sum(
            case statement_faults.condition when 'statement_before_is_missing' then 1 else 0 end
        ) as statement_gaps,
        sum(
            case statement_faults.condition when 'statement_does_not_add_up' then 1 else 0 end
        ) as statements_not_adding_up
    from account_periods
    inner join statement_faults
        on
            account_periods.account_id = statement_faults.account_id
            and account_periods.currency
            = coalesce(statement_faults.currency, account_periods.currency)
            and account_periods.period_end >= statement_faults.fault_date
    group by account_periods.account_id, account_periods.currency, account_periods.period_end
),

balances as (
    select
        account_periods.account_id,
        account_periods.currency,
        account_periods.period_end,
        max(last_statements.stated_on) as stated_on,
        max(last_statements.stated_balance) as stated_balance,
        coalesce(sum(bank_days.amount), 0) as booked,
        coalesce(
            sum(
                case
                    when bank_days.booking_date <= last_statements.stated_on then bank_days.amount
                end
            ),
            0
        ) as booked_until_stated
    from account_periods
    left join last_statements
        on
            account_periods.account_id = last_statements.account_id
            and account_periods.currency = last_statements.currency
            and account_periods.period_end = last_statements.period_end
    left join bank_days
        on
            account_periods.account_id = bank_days.account_id
            and account_periods.currency = bank_days.currency
            and account_periods.period_end >= bank_days.booking_date
    group by account_periods.account_id, account_periods.currency, account_periods.period_end
),

bank_side as (
    select
        account_periods.party_id,
        account_periods.currency,
        account_periods.period_start,
        account_periods.period_end,
        min(account_periods.name) as account_name,
        min(account_periods.ledger_account_code) as ledger_account_code,
        count(*) as accounts,
        count(account_periods.opening_balance) as opened_accounts,
        count(balances.stated_balance) as stated_accounts,
        sum(account_periods.opening_balance) as opening_balance,
        sum(account_periods.opening_balance + balances.booked) as bank_balance,
        min(balances.stated_on) as stated_on,
        sum(balances.stated_balance) as stated_balance,
        sum(
            balances.stated_balance - account_periods.opening_balance
            - balances.booked_until_stated
        ) as stated_difference,
        sum(coalesce(statement_counts.statements, 0)) as statements,
        min(statement_counts.covered_until) as covered_until,
        sum(coalesce(faults.statement_gaps, 0)) as statement_gaps,
        sum(coalesce(faults.statements_not_adding_up, 0)) as statements_not_adding_up
    from account_periods
    inner join balances
        on
            account_periods.account_id = balances.account_id
            and account_periods.currency = balances.currency
            and account_periods.period_end = balances.period_end
    left join statement_counts
        on
            account_periods.account_id = statement_counts.account_id
            and account_periods.currency = statement_counts.currency
    left join faults
        on
            account_periods.account_id = faults.account_id
            and account_periods.currency = faults.currency
            and account_periods.period_end = faults.period_end
    group by
        account_periods.party_id,
        account_periods.currency,
        account_periods.period_start,
        account_periods.period_end
),

-- a match is there from the day of its last item
match_days as (
    select
        allocations.match_id,
        max(items.event_date) as cleared_on
    from allocations
    inner join items
        on allocations.item_key = items.item_key
    group by allocations.match_id
),

clearings as (
    select
        allocations.item_key,
        match_days.cleared_on,
        sum(allocations.allocated_amount + allocations.adjusted_amount) as cleared_amount,
        sum(allocations.adjusted_amount) as adjusted_amount
    from allocations
    inner join match_days
        on allocations.match_id = match_days.match_id
    group by allocations.item_key, match_days.cleared_on
),

movements as (
    select
        items.party_id,
        items.currency,
        items.side,
        {{ month_start('items.event_date') }} as moved_in,
        items.amount,
        items.amount as outstanding_amount,
        case
            when items.currency = {{ reporting_currency() }} then items.amount
            else {{ as_amount('items.amount * items.rate') }}
        end as outstanding_base_amount,
        1 as outstanding_items,
        {{ zero() }} as adjusted_amount
    from items
    union all
    select
        items.party_id,
        items.currency,
        items.side,
        {{ month_start('clearings.cleared_on') }} as moved_in,
        {{ zero() }} as amount,
        -clearings.cleared_amount as outstanding_amount,
        case
            when items.currency = {{ reporting_currency() }} then -clearings.cleared_amount
            else {{ as_amount('-clearings.cleared_amount * items.rate') }}
        end as outstanding_base_amount,
        0 as outstanding_items,
        clearings.adjusted_amount
    from clearings
    inner join items
        on clearings.item_key = items.item_key
    union all
    select
        items.party_id,
        items.currency,
        items.side,
        {{ month_start('max(clearings.cleared_on)') }} as moved_in,
        {{ zero() }} as amount,
        {{ zero() }} as outstanding_amount,
        {{ zero() }} as outstanding_base_amount,
        -1 as outstanding_items,
        {{ zero() }} as adjusted_amount
    from clearings
    inner join items
        on clearings.item_key = items.item_key
    where items.status = 'closed'
    group by items.item_key, items.party_id, items.currency, items.side
),

moved as (
    select
        movements.party_id,
        movements.currency,
        movements.side,
        movements.moved_in,
        sum(movements.amount) as amount,
        sum(movements.outstanding_amount) as outstanding_amount,
        sum(movements.outstanding_base_amount) as outstanding_base_amount,
        sum(movements.outstanding_items) as outstanding_items,
        sum(movements.adjusted_amount) as adjusted_amount
    from movements
    group by movements.party_id, movements.currency, movements.side, movements.moved_in
),

stood as (
    select
        moved.party_id,
        moved.currency,
        periods.period_end,
        {%- for name, side in [('bank', 'expected'), ('books', 'actual')] %}
        {%- for column in ['amount', 'outstanding_amount', 'outstanding_base_amount',
                           'outstanding_items', 'adjusted_amount'] %}
        sum(case when moved.side = '{{ side }}' then moved.{{ column }} else 0 end)
            as {{ name }}_{{ column }},
        {%- endfor %}
        {%- endfor %}
        count(*) as months
    from periods
    inner join moved
        on periods.period_start >= moved.moved_in
    group by moved.party_id, moved.currency, periods.period_end
),

active as (
    select *
    from {{ ref('int_reconciliations__active') }}
    where reconciliation = 'bank_to_ledger' and is_active
),

joined as (
    select
        bank_side.*,
        active.reconciliation is not null and bank_side.ledger_account_code is not null
            as is_in_books,
        bank_side.accounts = bank_side.opened_accounts as is_opened,
        bank_side.accounts = bank_side.stated_accounts as is_stated,
        coalesce(stood.books_amount, 0) as books_amount,
        coalesce(stood.bank_outstanding_amount, 0) as at_bank_only,
        coalesce(stood.bank_outstanding_items, 0) as at_bank_only_items,
        stood.bank_outstanding_base_amount as at_bank_only_base,
        coalesce(stood.books_outstanding_amount, 0) as in_books_only,
        coalesce(stood.books_outstanding_items, 0) as in_books_only_items,
        stood.books_outstanding_base_amount as in_books_only_base,
        coalesce(stood.bank_adjusted_amount - stood.books_adjusted_amount, 0)
            as accepted_difference
    from bank_side
    left join active
        on active.reconciliation = 'bank_to_ledger'
    left join stood
        on
            bank_side.party_id = stood.party_id
            and bank_side.currency = stood.currency
            and bank_side.period_end = stood.period_end
),

final as (
    select
        joined.period_start,
        joined.period_end,
        joined.party_id as account_id,
        joined.account_name,
        joined.accounts,
        joined.currency,
        joined.ledger_account_code,
        cast(joined.statements as bigint) as statements,
        joined.covered_until,
        cast(joined.statement_gaps as bigint) as statement_gaps,
        cast(joined.statements_not_adding_up as bigint) as statements_not_adding_up,
        case when joined.is_stated then joined.stated_on end as stated_on,
        {{ as_amount('case when joined.is_stated then joined.stated_balance end') }}
            as stated_balance,
        {{ as_amount(
            'case when joined.is_stated and joined.is_opened then joined.stated_difference end'
        ) }} as stated_difference,
        {{ as_amount('case when joined.is_opened then joined.bank_balance end') }} as bank_balance,
        joined.is_in_books,
        {{ as_amount('case when joined.is_in_books then joined.at_bank_only end') }}
            as at_bank_only,
        cast(joined.at_bank_only_items as bigint) as at_bank_only_items,
        {{ as_amount('joined.at_bank_only_base') }} as at_bank_only_base,
        {{ as_amount('case when joined.is_in_books then joined.in_books_only end') }}
            as in_books_only,
        cast(joined.in_books_only_items as bigint) as in_books_only_items,
        {{ as_amount('joined.in_books_only_base') }} as in_books_only_base,
        {{ as_amount('case when joined.is_in_books then joined.accepted_difference end') }}
            as accepted_difference,
        {{ as_amount(
            'case when joined.is_in_books and joined.is_opened '
            'then joined.opening_balance + joined.books_amount end'
        ) }} as books_balance,
        {{ as_amount(
            'case when joined.is_in_books and joined.is_opened '
            'then joined.bank_balance - joined.at_bank_only + joined.in_books_only '
            '- joined.accepted_difference - joined.opening_balance - joined.books_amount end'
        ) }} as unexplained_difference
    from joined
)

select * from final
