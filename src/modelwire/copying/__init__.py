"""Copy of an application's rows from one database to another: `modelwire copy`."""
