-- Open documents that add up to one payment of the same payer.
{{ sets_of(target_side='actual') }}
