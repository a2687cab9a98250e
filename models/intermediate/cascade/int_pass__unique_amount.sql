-- Pass 4, settled.
{{ settle(
    'unique_amount', 'int_open__after_group_sum', 'int_links__unique_amount', groups='given'
) }}
