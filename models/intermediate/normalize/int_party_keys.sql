-- What a customer is known by: account numbers, legal name and aliases. A key that two customers
-- share names nobody (ties are refused).
with

customers as (select * from {{ ref('stg_crm__customers') }}),

account_keys as (
    select
        customers.customer_id,
        'account' as key_kind,
        {{ compact_upper('accounts.account') }} as key_value
    from customers
    {{ unnest_list('customers.bank_accounts', 'accounts', 'account') }}
),

name_keys as (
    select
        customers.customer_id,
        'name' as key_kind,
        {{ normalize_name('customers.legal_name') }} as key_value
    from customers
),

alias_keys as (
    select
        customers.customer_id,
        'alias' as key_kind,
        {{ normalize_name('names.alias') }} as key_value
    from customers
    {{ unnest_list('customers.aliases', 'names', 'alias') }}
),

keys as (
    select * from account_keys
    union all
    select * from name_keys
    union all
    select * from alias_keys
),

final as (
    select
        keys.key_kind,
        keys.key_value,
        min(keys.customer_id) as customer_id,
        count(distinct keys.customer_id) > 1 as is_shared
    from keys
    where keys.key_value is not null and keys.key_value <> ''
    group by keys.key_kind, keys.key_value
)

select * from final
