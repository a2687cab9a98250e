-- Pass 3, settled.
{{ settle(
    'group_sum', 'int_open__after_reference_in_text', 'int_links__group_sum', groups='given'
) }}
