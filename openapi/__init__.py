"""Routes, or a user's own file, compiled into the OpenAPI document that API Gateway imports."""
