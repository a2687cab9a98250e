-- Who paid: the customer that the feed names, else the owner of the account, else of the exact name
-- or alias, else who the account or name was learned as, else of the name in a looser form. The
-- first kind of evidence that says anything decides; a shared key refuses.
with

transactions as (select * from {{ ref('stg_gateway__transactions') }}),

bank_transactions as (
    select *
    from {{ ref('int_bank_transactions__booked') }}
    where role = 'item'
),

customers as (select * from {{ ref('stg_crm__customers') }}),

{{ customer_families() }},

party_keys as (select * from {{ ref('int_party_keys') }}),

payers as (
    select
        transactions.type as item_type,
        {{ item_id(['transactions.gateway', 'transactions.transaction_id']) }} as item_id,
        transactions.customer_id as stated_customer_id,
        cast(null as {{ dbt.type_string() }}) as account_key,
        {{ normalize_name('transactions.customer_name') }} as name_key,
        cast(transactions.created_at as date) as paid_on
    from transactions
    union all
    select
        'bank_transaction' as item_type,
        bank_transactions.item_id,
        cast(null as {{ dbt.type_string() }}) as stated_customer_id,
        {{ compact_upper('bank_transactions.counterparty_account') }} as account_key,
        {{ normalize_name('bank_transactions.counterparty_name') }} as name_key,
        bank_transactions.booking_date as paid_on
    from bank_transactions
),

evidence as (
    select
        payers.*,
        accounts.customer_id as account_customer_id,
        accounts.is_shared as is_account_shared,
        names.customer_id as name_customer_id,
        names.is_shared as is_name_shared,
        aliases.customer_id as alias_customer_id,
        aliases.is_shared as is_alias_shared,
        case
            when coalesce(payers.paid_on > learned_accounts.applies_after, true)
                then learned_accounts.customer_id
        end as learned_account_customer_id,
        case
            when coalesce(payers.paid_on > learned_names.applies_after, true)
                then learned_names.customer_id
        end as learned_name_customer_id
    from payers
    left join party_keys as accounts
        on accounts.key_kind = 'account' and payers.account_key = accounts.key_value
    left join party_keys as names
        on names.key_kind = 'name' and payers.name_key = names.key_value
    left join party_keys as aliases
        on aliases.key_kind = 'alias' and payers.name_key = aliases.key_value
    left join party_keys as learned_accounts
        on
            learned_accounts.key_kind = 'learned_account'
            and payers.account_key = learned_accounts.key_value
    left join party_keys as learned_names
        on
            learned_names.key_kind = 'learned_name'
            and payers.name_key = learned_names.key_value
),

-- looser forms are asked only of names that nothing else explains
unknown_names as (
    select distinct evidence.name_key
    from evidence
    where
        evidence.stated_customer_id is null
        and evidence.account_customer_id is null
        and evidence.name_customer_id is null
        and evidence.alias_customer_id is null
        and evidence.learned_account_customer_id is null
        and evidence.learned_name_customer_id is null
        and evidence.name_key <> ''
),

{{ reduced_names('unknown_names') }},

-- another legal form is another company; none stated on one side may be the same
attempts as (
    select
        reduced_names.name_key,
        1 as attempt,
        'bare_name_and_form' as key_kind,
        reduced_names.bare_name || '|' || reduced_names.legal_form as key_value
    from reduced_names
    where reduced_names.legal_form <> ''
    union all
    select
        reduced_names.name_key,
        2 as attempt,
        'bare_name_and_form' as key_kind,
        reduced_names.bare_name || '|' as key_value
    from reduced_names
    where reduced_names.legal_form <> ''
    union all
    select
        reduced_names.name_key,
        2 as attempt,
        'bare_name' as key_kind,
        reduced_names.bare_name as key_value
    from reduced_names
    where reduced_names.legal_form = ''
    union all
    select
        reduced_names.name_key,
        3 as attempt,
        'word_set' as key_kind,
        reduced_names.word_set as key_value
    from reduced_names
    where reduced_names.legal_form = ''
    union all
    select
        unknown_names.name_key,
        4 as attempt,
        'cut_name' as key_kind,
        unknown_names.name_key as key_value
    from unknown_names
    where length(unknown_names.name_key) >= 20
),

similar_names as (
    select
        attempts.name_key,
        min_by(party_keys.customer_id, attempts.attempt) as customer_id,
        min_by(party_keys.is_shared, attempts.attempt) as is_shared,
        min_by(
            case
                when attempts.key_kind = 'bare_name_and_form' then 'bare_name'
                else attempts.key_kind
            end,
            attempts.attempt
        ) as party_source
    from attempts
    inner join party_keys
        on
            attempts.key_kind = party_keys.key_kind
            and attempts.key_value = party_keys.key_value
    group by attempts.name_key
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
            when evidence.learned_account_customer_id is not null
                then evidence.learned_account_customer_id
            when evidence.learned_name_customer_id is not null
                then evidence.learned_name_customer_id
            when similar_names.customer_id is not null
                then case when not similar_names.is_shared then similar_names.customer_id end
        end as party_id,
        case
            when evidence.stated_customer_id is not null then 'feed'
            when evidence.account_customer_id is not null
                then case when evidence.is_account_shared then 'ambiguous' else 'account' end
            when evidence.name_customer_id is not null
                then case when evidence.is_name_shared then 'ambiguous' else 'name' end
            when evidence.alias_customer_id is not null
                then case when evidence.is_alias_shared then 'ambiguous' else 'alias' end
            when
                evidence.learned_account_customer_id is not null
                or evidence.learned_name_customer_id is not null
                then 'learned'
            when similar_names.customer_id is not null
                then
                    case
                        when similar_names.is_shared then 'ambiguous'
                        else similar_names.party_source
                    end
        end as party_source
    from evidence
    left join similar_names
        on evidence.name_key = similar_names.name_key
),

final as (
    select
        decided.item_type,
        decided.item_id,
        decided.party_id,
        decided.party_source,
        coalesce(customer_families.family_id, decided.party_id) as family_id
    from decided
    left join customer_families
        on decided.party_id = customer_families.customer_id
)

select * from final
