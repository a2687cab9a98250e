-- The payment itself says what it pays: the gateway's metadata, a remittance advice, a
-- structured reference, the end-to-end id or the bank's reference.
{{ reference_links(
    open_model='int_open__unmatched',
    sources=[
        'invoice_reference', 'remittance_advice', 'structured_reference', 'end_to_end_id',
        'entry_reference'
    ]
) }}
