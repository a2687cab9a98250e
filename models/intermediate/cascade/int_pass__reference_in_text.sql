-- Pass 2, settled.
{{ settle(
    'reference_in_text', 'int_open__after_stated_reference', 'int_links__reference_in_text'
) }}
