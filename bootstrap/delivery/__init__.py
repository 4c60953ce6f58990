"""The two AWS roles that GitHub assumes, and their permissions."""
