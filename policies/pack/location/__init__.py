"""The proof that load balancer, VPC link and API share one account and one region."""
