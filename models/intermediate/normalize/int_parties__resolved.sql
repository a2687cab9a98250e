-- Who paid: the customer that the feed names, else the owner of the account, else of the exact name
-- or alias, else who the account or name was learned as, else whose number the text quotes, else of
-- the name in a looser form, else of a whole name in the text. The first kind of evidence that says
-- anything decides; a shared key refuses, unless a quoted customer number tells.
with

transactions as (select * from {{ ref('stg_gateway__transactions') }}),

bank_transactions as (
    select *
    from {{ ref('int_bank_transactions__booked') }}
    where role = 'item'
),

customer_families as (select * from {{ ref('int_customer_families') }}),

party_keys as (select * from {{ ref('int_party_keys') }}),

payers as (
    select
        transactions.type as item_type,
        {{ item_id(['transactions.gateway', 'transactions.transaction_id']) }} as item_id,
        transactions.customer_id as stated_customer_id,
        cast(null as {{ dbt.type_string() }}) as account_key,
        {{ normalize_name('transactions.customer_name') }} as name_key,
        transactions.description as message,
        cast(transactions.created_at as date) as paid_on
    from transactions
    union all
    select
        'bank_transaction' as item_type,
        bank_transactions.item_id,
        cast(null as {{ dbt.type_string() }}) as stated_customer_id,
        {{ compact_upper('bank_transactions.counterparty_account') }} as account_key,
        {{ normalize_name('bank_transactions.counterparty_name') }} as name_key,
        bank_transactions.remittance_information as message,
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
        end as learned_name_customer_id,
        coalesce(paying_accounts.customer_id, paying_names.customer_id) as paying_customer_id
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
    left join party_keys as paying_accounts
        on
            paying_accounts.key_kind = 'paying_account'
            and payers.account_key = paying_accounts.key_value
    left join party_keys as paying_names
        on
            paying_names.key_kind = 'paying_name'
            and payers.name_key = paying_names.key_value
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
        and evidence.paying_customer_id is null
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
        reduced_names.name_key,
        4 as attempt,
        'uninitialled_set' as key_kind,
        reduced_names.word_set as key_value
    from reduced_names
    where reduced_names.legal_form = ''
    union all
    select
        reduced_names.name_key,
        4 as attempt,
        'word_set' as key_kind,
        reduced_names.uninitialled_set as key_value
    from reduced_names
    where reduced_names.legal_form = ''
    union all
    select
        reduced_names.name_key,
        5 as attempt,
        'cut_name' as key_kind,
        reduced_names.plain_name as key_value
    from reduced_names
    where length(reduced_names.plain_name) >= 20
    union all
    select
        reduced_names.name_key,
        6 as attempt,
        'short_name' as key_kind,
        case
            when reduced_names.legal_form = '' then reduced_names.bare_name
            else reduced_names.bare_name || '|' || reduced_names.legal_form
        end as key_value
    from reduced_names
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

-- the texts of payers whom neither account nor exact name tells
text_words as (
    select
        evidence.item_type,
        evidence.item_id,
        words.position,
        words.word
    from evidence
    {{ unnest_positions(
        split_to_list(normalize_name('evidence.message'), ' '), 'words', 'word', 'position'
    ) }}
    where
        evidence.stated_customer_id is null
        and evidence.message is not null
        and coalesce(evidence.is_account_shared, evidence.account_customer_id is null)
        and coalesce(evidence.is_name_shared, evidence.name_customer_id is null)
        and coalesce(evidence.is_alias_shared, evidence.alias_customer_id is null)
        and evidence.learned_account_customer_id is null
        and evidence.learned_name_customer_id is null
        and evidence.paying_customer_id is null
),

{{ runs_of_words('text_words', ['item_type', 'item_id'], 8) }},

name_kinds as (
    select 'name' as key_kind
    union all
    select 'alias' as key_kind
),

text_keys as (
    select
        runs.item_type,
        runs.item_id,
        'customer_number' as key_kind,
        {{ without_leading_zeros("replace(runs.words, ' ', '')") }} as key_value
    from runs
    where runs.length <= 3
    union all
    select
        runs.item_type,
        runs.item_id,
        name_kinds.key_kind,
        runs.words as key_value
    from runs
    cross join name_kinds
    where runs.length >= 2 and length(runs.words) >= 10
),

-- two customers in one text are none
told_by_text as (
    select
        text_keys.item_type,
        text_keys.item_id,
        case when text_keys.key_kind = 'customer_number' then 'customer_number' else 'text' end
            as party_source,
        min(party_keys.customer_id) as customer_id
    from text_keys
    inner join party_keys
        on
            text_keys.key_kind = party_keys.key_kind
            and text_keys.key_value = party_keys.key_value
    group by
        text_keys.item_type,
        text_keys.item_id,
        case when text_keys.key_kind = 'customer_number' then 'customer_number' else 'text' end
    having
        count(distinct party_keys.customer_id) = 1
        and max(case when party_keys.is_shared then 1 else 0 end) = 0
),

decided as (
    select
        evidence.item_type,
        evidence.item_id,
        evidence.account_key,
        evidence.name_key,
        case
            when evidence.stated_customer_id is not null then evidence.stated_customer_id
            when quoted_numbers.customer_id is not null then quoted_numbers.customer_id
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
            when evidence.paying_customer_id is not null then evidence.paying_customer_id
            when similar_names.customer_id is not null
                then case when not similar_names.is_shared then similar_names.customer_id end
            else text_names.customer_id
        end as party_id,
        case
            when evidence.stated_customer_id is not null then 'feed'
            when quoted_numbers.customer_id is not null then 'customer_number'
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
            when evidence.paying_customer_id is not null then 'paying'
            when similar_names.customer_id is not null
                then
                    case
                        when similar_names.is_shared then 'ambiguous'
                        else similar_names.party_source
                    end
            else text_names.party_source
        end as party_source
    from evidence
    left join similar_names
        on evidence.name_key = similar_names.name_key
    -- texts were read only where account and exact name tell nobody
    left join told_by_text as quoted_numbers
        on
            evidence.item_type = quoted_numbers.item_type
            and evidence.item_id = quoted_numbers.item_id
            and quoted_numbers.party_source = 'customer_number'
    left join told_by_text as text_names
        on
            evidence.item_type = text_names.item_type
            and evidence.item_id = text_names.item_id
            and text_names.party_source = 'text'
),

final as (
    select
        decided.item_type,
        decided.item_id,
        decided.party_id,
        decided.party_source,
        coalesce(customer_families.family_id, decided.party_id) as family_id,
        decided.account_key,
        decided.name_key
    from decided
    left join customer_families
        on decided.party_id = customer_families.customer_id
)

select * from final
