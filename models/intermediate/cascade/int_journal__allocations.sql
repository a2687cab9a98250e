-- The items of every sealed match, as they were when it was sealed.
{{ sealed_items('int_journal__matches') }}
