-- Open payments of one payer that add up to one of its documents.
{{ sets_of(target_side='expected') }}
