-- Pass 1, settled.
{{ settle('stated_reference', 'int_open__unmatched', 'int_links__stated_reference') }}
