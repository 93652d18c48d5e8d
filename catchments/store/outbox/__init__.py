"""The outbox: notices and webhook calls that wait to be sent, and what became of each."""
