-- Money that was changed between two own accounts: one line leaves an account in one currency, one
-- enters an account in another, and both carry one reference that no other line carries. Where a
-- rate is known for the day, the amounts have to agree with it about.
with

transactions as (
    select *
    from {{ ref('int_bank_transactions__booked') }}
    where
        role = 'item'
        and is_booked
        and not coalesce(is_suspected_copy, false)
        and booking_date <= {{ as_of_date() }}
),

own_accounts as (
    select distinct {{ compact_upper('account_id') }} as account_key
    from {{ ref('stg_bank__accounts') }}
),

parties as (
    select *
    from {{ ref('int_parties__resolved') }}
    where item_type = 'bank_transaction' and party_id is not null
),

-- a customer, somebody else's account, or a sealed match says that it is something else
lines_of_nobody as (
    select
        transactions.item_id,
        transactions.account_id,
        transactions.booking_date,
        transactions.currency,
        transactions.amount
    from transactions
    left join own_accounts
        on {{ compact_upper('transactions.counterparty_account') }} = own_accounts.account_key
    left join parties
        on transactions.item_id = parties.item_id
    where
        (transactions.counterparty_account is null or own_accounts.account_key is not null)
        and parties.item_id is null
),

sealed_items as (
    select distinct lines_of_nobody.item_id
    from lines_of_nobody
    inner join {{ ref('int_journal__live_items') }} as live_items
        on lines_of_nobody.item_id = live_items.item_id
    where
        live_items.item_type = 'bank_transaction'
        and live_items.reconciliation <> 'bank_to_ledger'
),

legs as {{ materialized() }} (
    select lines_of_nobody.*
    from lines_of_nobody
    left join sealed_items
        on lines_of_nobody.item_id = sealed_items.item_id
    where sealed_items.item_id is null
),

-- the bank's own ids count lines
mentions as {{ read_in_place() }} (
    select
        mentions.item_id,
        mentions.mention_value
    from {{ ref('int_bank_transactions__mentions') }} as mentions
    where
        mentions.mention_source <> 'entry_reference'
        and mentions.mention_source <> 'counterparty_name'
        and mentions.reading_steps = 0
),

-- Words, and digits that read as a day, are none of a transfer. Asked of what legs say once that is
-- found: patterns would be looked for in all lines before.
carried as {{ materialized() }} (
    select
        legs.item_id,
        mentions.mention_value
    from legs
    inner join mentions
        on legs.item_id = mentions.item_id
    group by legs.item_id, mentions.mention_value
    having
        max(
            case
                when
                    length(mentions.mention_value) >= 5
                    and {{ regex_matches('mentions.mention_value', '[0-9]') }}
                    and not {{ is_date_like('mentions.mention_value') }}
                    then 1
                else 0
            end
        ) = 1
),

-- what two legs carry is looked for among all lines and all documents
carried_by_two as {{ materialized() }} (
    select carried.mention_value
    from carried
    group by carried.mention_value
    having count(*) = 2
),

document_numbers as (
    select {{ compact_upper('invoices.invoice_number') }} as reference_key
    from {{ ref('stg_billing__invoices') }} as invoices
    union all
    select {{ compact_upper('payouts.payout_id') }} as reference_key
    from {{ ref('stg_gateway__payouts') }} as payouts
    union all
    select {{ compact_upper('payouts.bank_reference') }} as reference_key
    from {{ ref('stg_gateway__payouts') }} as payouts
),

carried_otherwise as (
    select carried_by_two.mention_value
    from carried_by_two
    inner join document_numbers
        on carried_by_two.mention_value = document_numbers.reference_key
    union
    select carried_by_two.mention_value
    from carried_by_two
    inner join mentions
        on carried_by_two.mention_value = mentions.mention_value
    group by carried_by_two.mention_value
    having count(distinct mentions.item_id) > 2
),

shared_references as (
    select carried_by_two.mention_value
    from carried_by_two
    left join carried_otherwise
        on carried_by_two.mention_value = carried_otherwise.mention_value
    where carried_otherwise.mention_value is null
),

pairs as (
    select
        debits.item_id as debit_item_id,
        credits.item_id as credit_item_id,
        min(shared_references.mention_value) as reference,
        min(-debits.amount) as sold_amount,
        min(credits.amount) as bought_amount,
        min(debits.currency) as sold_currency,
        min(credits.currency) as bought_currency,
        min(credits.booking_date) as booking_date
    from shared_references
    inner join carried as debit_texts
        on shared_references.mention_value = debit_texts.mention_value
    inner join carried as credit_texts
        on shared_references.mention_value = credit_texts.mention_value
    inner join legs as debits
        on debit_texts.item_id = debits.item_id
    inner join legs as credits
        on
            credit_texts.item_id = credits.item_id
            and debits.account_id <> credits.account_id
            and debits.currency <> credits.currency
    where
        debits.amount < 0
        and credits.amount > 0
        and abs({{ days_between('debits.booking_date', 'credits.booking_date') }})
        <= {{ search_limit('largest_days_of_a_conversion') }}
    group by debits.item_id, credits.item_id
),

agreeing as (
    select
        pairs.*,
        count(*) over (partition by pairs.debit_item_id) as credits_of_debit,
        count(*) over (partition by pairs.credit_item_id) as debits_of_credit
    from pairs
    left join {{ ref('int_fx_rates__daily') }} as fx_rates
        on
            pairs.booking_date = fx_rates.rate_date
            and pairs.sold_currency = fx_rates.base_currency
            and pairs.bought_currency = fx_rates.quote_currency
    where
        fx_rates.rate is null
        or abs(pairs.bought_amount - cast(pairs.sold_amount * fx_rates.rate as {{ amount_type() }}))
        <= {{ search_limit('largest_spread_of_a_conversion') }} * pairs.bought_amount
),

final as (
    select
        agreeing.debit_item_id as item_id,
        agreeing.credit_item_id as other_item_id,
        agreeing.reference
    from agreeing
    where agreeing.credits_of_debit = 1 and agreeing.debits_of_credit = 1
    union all
    select
        agreeing.credit_item_id as item_id,
        agreeing.debit_item_id as other_item_id,
        agreeing.reference
    from agreeing
    where agreeing.credits_of_debit = 1 and agreeing.debits_of_credit = 1
)

select * from final
