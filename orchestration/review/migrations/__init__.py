"""Migrations of the review inbox. A released one is never edited: a change is a new file."""
