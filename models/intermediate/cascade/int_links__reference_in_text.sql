-- A number of a document stands in the free text.
{{ reference_links(
    open_model='int_open__after_keys',
    sources=['remittance_information', 'description']
) }}
