"""Alerts that reach people: who is on call, what they are told, and that they are told it once."""
