"""What API Gateway takes of an OpenAPI document, with what is left out or has to be refused."""
