"""The proof that resources share an account and a region."""
