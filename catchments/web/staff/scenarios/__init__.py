"""Scenarios: drafts copied, laid side by side, asked about places, and laid on paper."""
