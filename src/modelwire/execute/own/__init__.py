"""Access of the application's own endpoints to rows, under the policies of their caller."""
