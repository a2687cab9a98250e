"""Parts of the page for your own data."""
