-- Which reconciliation a booked bank line belongs to before anything is matched.
with

transactions as (
    select *
    from {{ ref('int_bank_transactions__booked') }}
    where role = 'item' and booking_date <= cast({{ as_of() }} as date)
),

parties as (
    select *
    from {{ ref('int_parties__resolved') }}
    where item_type = 'bank_transaction'
),

own_accounts as (
    select distinct {{ compact_upper('account_id') }} as account_key
    from {{ ref('stg_bank__accounts') }}
),

conversions as (select * from {{ ref('int_bank_transactions__conversions') }}),

mentions as (select * from {{ ref('int_bank_transactions__mentions') }}),

returns as (select * from {{ ref('int_bank_transactions__returns') }}),

payouts as (select * from {{ ref('stg_gateway__payouts') }}),

active as (
    select *
    from {{ ref('int_reconciliations__active') }}
    where is_active
),

-- only the gateways that pay this company out are looked for
gateway_names as (
    select gateways.gateway, {{ normalize_name('gateways.bank_name_pattern') }} as gateway_name
    from {{ ref('gateways') }} as gateways
    where gateways.gateway in (select payouts.gateway from payouts)
    union
    select payouts.gateway, {{ normalize_name('payouts.gateway') }} as gateway_name
    from payouts
),

bank_texts as (
    select
        transactions.item_id,
        ' ' || {{ normalize_name(
            "coalesce(transactions.counterparty_name, '') || ' ' "
            ~ "|| coalesce(transactions.remittance_information, '')"
        ) }} || ' ' as words
    from transactions
),

named_gateways as (
    select
        bank_texts.item_id,
        min(gateway_names.gateway) as gateway
    from bank_texts
    inner join gateway_names
        on bank_texts.words like '% ' || gateway_names.gateway_name || ' %'
    group by bank_texts.item_id
),

payout_references as (
    select
        {{ compact_upper('payouts.bank_reference') }} as reference_key,
        payouts.amount < 0 as is_taken
    from payouts
    union
    select
        {{ compact_upper('payouts.payout_id') }} as reference_key,
        payouts.amount < 0 as is_taken
    from payouts
),

quoted_payouts as (
    select
        mentions.item_id,
        max(case when payout_references.is_taken then 1 else 0 end) = 1 as quotes_taken,
        max(case when payout_references.is_taken then 0 else 1 end) = 1 as quotes_paid_out
    from mentions
    inner join payout_references
        on mentions.mention_value = payout_references.reference_key
    group by mentions.item_id
),

placed as (
    select
        transactions.item_id,
        parties.party_id,
        parties.party_source,
        parties.family_id,
        named_gateways.gateway,
        -- a credit quotes what the gateway pays out, a debit what it takes
        coalesce(
            case
                when transactions.amount < 0 then quoted_payouts.quotes_taken
                else quoted_payouts.quotes_paid_out
            end,
            false
        ) as quotes_payout,
        own_accounts.account_key is not null
        or conversions.item_id is not null as is_own_transfer,
        case
            when own_accounts.account_key is not null or conversions.item_id is not null
                then 'invoice_to_receipt'
            when named_gateways.gateway is not null and payout_to_bank.reconciliation is not null
                then 'payout_to_bank'
            -- money out to somebody who is no customer
            when
                transactions.amount < 0
                and (parties.party_id is null or invoice_to_receipt.reconciliation is null)
                and bill_to_payment.reconciliation is not null
                then 'bill_to_payment'
            else 'invoice_to_receipt'
        end as home_reconciliation
    from transactions
    left join parties
        on transactions.item_id = parties.item_id
    left join named_gateways
        on transactions.item_id = named_gateways.item_id
    left join quoted_payouts
        on transactions.item_id = quoted_payouts.item_id
    left join own_accounts
        on {{ compact_upper('transactions.counterparty_account') }} = own_accounts.account_key
    left join conversions
        on transactions.item_id = conversions.item_id
    left join active as invoice_to_receipt
        on invoice_to_receipt.reconciliation = 'invoice_to_receipt'
    left join active as payout_to_bank
        on payout_to_bank.reconciliation = 'payout_to_bank'
    left join active as bill_to_payment
        on bill_to_payment.reconciliation = 'bill_to_payment'
),

-- what comes back belongs where it had gone, and is the same party's
final as (
    select
        transactions.*,
        coalesce(originals.party_id, placed.party_id) as party_id,
        case
            when originals.party_id is not null then originals.party_source
            else placed.party_source
        end as party_source,
        coalesce(originals.family_id, placed.family_id) as family_id,
        case when originals.item_id is not null then originals.gateway else placed.gateway end
            as gateway,
        coalesce(originals.quotes_payout, placed.quotes_payout) as quotes_payout,
        coalesce(originals.is_own_transfer, placed.is_own_transfer) as is_own_transfer,
        case
            when originals.item_id is not null then originals.home_reconciliation
            else placed.home_reconciliation
        end as home_reconciliation,
        returns.returned_item_id,
        coming_back.item_id is not null as is_returned
    from transactions
    inner join placed
        on transactions.item_id = placed.item_id
    left join returns
        on transactions.item_id = returns.item_id
    left join placed as originals
        on returns.returned_item_id = originals.item_id
    left join returns as coming_back
        on transactions.item_id = coming_back.returned_item_id
)

select * from final
