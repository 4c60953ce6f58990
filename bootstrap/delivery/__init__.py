"""The two roles that GitHub takes in AWS, and what each of them may do there."""
