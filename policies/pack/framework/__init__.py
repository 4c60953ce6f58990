"""What a rule is made of: its record and check, its configuration, its documentation."""
