"""Routes, or a user's own file, made into the OpenAPI document that API Gateway imports."""
