"""One file a page; each runs top to bottom when the page is shown."""
