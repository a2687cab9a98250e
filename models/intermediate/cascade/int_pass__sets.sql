-- Pass 6, settled.
{{ settle(
    'sets', 'int_open__after_unique_amount', 'int_links__sets',
    groups='given', links_say_why=true
) }}
