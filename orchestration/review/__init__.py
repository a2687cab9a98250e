"""The review inbox: who may do what, what people decided, and how a run comes to know it."""
