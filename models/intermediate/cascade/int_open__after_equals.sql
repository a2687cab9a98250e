-- What the wave `equals` leaves open.
{{ open_after('int_open__after_texts', 'int_wave__equals') }}
