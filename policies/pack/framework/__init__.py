"""What a rule is made of: its record, its configuration, its documentation."""
