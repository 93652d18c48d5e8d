"""The pages of Ministry staff: drafts and their review, issues, notices, the audit trail."""
