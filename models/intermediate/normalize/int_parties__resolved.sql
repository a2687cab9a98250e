-- Who paid: the customer that the feed names, else the owner of the account, else of the exact name
-- or alias. The first kind of evidence that says anything decides; a shared key refuses.
with

transactions as (select * from {{ ref('stg_gateway__transactions') }}),

bank_transactions as (
    select *
    from {{ ref('int_bank_transactions__booked') }}
    where role = 'item'
),

customers as (select * from {{ ref('stg_crm__customers') }}),

party_keys as (select * from {{ ref('int_party_keys') }}),

payers as (
    select
        transactions.type as item_type,
        {{ item_id(['transactions.gateway', 'transactions.transaction_id']) }} as item_id,
        transactions.customer_id as stated_customer_id,
        cast(null as {{ dbt.type_string() }}) as account_key,
        {{ normalize_name('transactions.customer_name') }} as name_key
    from transactions
    union all
    select
        'bank_transaction' as item_type,
        bank_transactions.item_id,
        cast(null as {{ dbt.type_string() }}) as stated_customer_id,
        {{ compact_upper('bank_transactions.counterparty_account') }} as account_key,
        {{ normalize_name('bank_transactions.counterparty_name') }} as name_key
    from bank_transactions
),

evidence as (
    select
        payers.item_type,
        payers.item_id,
        payers.stated_customer_id,
        accounts.customer_id as account_customer_id,
        accounts.is_shared as is_account_shared,
        names.customer_id as name_customer_id,
        names.is_shared as is_name_shared,
        aliases.customer_id as alias_customer_id,
        aliases.is_shared as is_alias_shared
    from payers
    left join party_keys as accounts
        on accounts.key_kind = 'account' and payers.account_key = accounts.key_value
    left join party_keys as names
        on names.key_kind = 'name' and payers.name_key = names.key_value
    left join party_keys as aliases
        on aliases.key_kind = 'alias' and payers.name_key = aliases.key_value
),

decided as (
    select
        evidence.item_type,
        evidence.item_id,
        case
            when evidence.stated_customer_id is not null then evidence.stated_customer_id
            when evidence.account_customer_id is not null
                then case when not evidence.is_account_shared then evidence.account_customer_id end
            when evidence.name_customer_id is not null
                then case when not evidence.is_name_shared then evidence.name_customer_id end
            when evidence.alias_customer_id is not null
                then case when not evidence.is_alias_shared then evidence.alias_customer_id end
        end as party_id,
        case
            when evidence.stated_customer_id is not null then 'feed'
            when evidence.account_customer_id is not null
                then case when evidence.is_account_shared then 'ambiguous' else 'account' end
            when evidence.name_customer_id is not null
                then case when evidence.is_name_shared then 'ambiguous' else 'name' end
            when evidence.alias_customer_id is not null
                then case when evidence.is_alias_shared then 'ambiguous' else 'alias' end
        end as party_source
    from evidence
),

final as (
    select
        decided.item_type,
        decided.item_id,
        decided.party_id,
        decided.party_source,
        coalesce(customers.parent_customer_id, decided.party_id) as family_id
    from decided
    left join customers
        on decided.party_id = customers.customer_id
)

select * from final
