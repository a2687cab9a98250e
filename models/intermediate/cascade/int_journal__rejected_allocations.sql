-- The items of every suggestion that was declined, as they were then.
{{ sealed_items('int_journal__rejections') }}
