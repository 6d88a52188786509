"""`modelwire client`: typed clients, generated from the resources of an application."""
