"""Catalog as OpenAPI: the operations of resources, and the parts that they share."""
