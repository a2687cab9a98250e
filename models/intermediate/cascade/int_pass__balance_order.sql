-- Pass 3b, settled.
{{ settle(
    'balance_order', 'int_open__after_group_sum', 'int_links__balance_order', groups='given',
    links_say_why=true
) }}
