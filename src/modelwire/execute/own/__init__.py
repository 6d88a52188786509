"""What endpoints of an application's own do under the policies of their caller."""
