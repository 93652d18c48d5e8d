"""The process: its logs, its server, its counters, and programs of ours that it waits for."""
