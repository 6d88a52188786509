"""The public surface: changing it is a decision, not an accident."""

import inspect

import modelwire


def test_public_names() -> None:
    """The package exports these names and no others."""
    assert sorted(modelwire.__all__) == [
        "Caller",
        "CallerSessionDep",
        "Change",
        "Changes",
        "ConfigurationError",
        "Cors",
        "Database",
        "FieldPolicy",
        "Hooks",
        "LazyLoadError",
        "LinkChange",
        "LoggedChange",
        "Mcp",
        "ModelwireError",
        "Operation",
        "Policy",
        "Refused",
        "RequestError",
        "Resource",
        "RowChange",
        "SessionDep",
        "UnitOfWorkDep",
        "everyone",
        "get_caller_session",
        "get_session",
        "get_unit_of_work",
        "mount",
        "nobody",
        "row_of",
        "shown",
    ]
    assert all(hasattr(modelwire, name) for name in modelwire.__all__)


def test_testing_names() -> None:
    """`modelwire.testing` exports what tests of user code need."""
    import modelwire.testing  # noqa: PLC0415 - an optional extra

    assert modelwire.testing.__all__ == ["assert_isolated", "open_client", "rolled_back_session"]


def test_database_settings() -> None:
    """`Database` takes its URL first and every setting by name."""
    parameters = inspect.signature(modelwire.Database).parameters
    assert list(parameters) == [
        "url",
        "pool_size",
        "pool_timeout_s",
        "statement_timeout_s",
        "read_timeout_s",
        "pgbouncer",
        "echo",
        "create_tables",
        "replica_urls",
        "metadata",
    ]


def test_resource_options() -> None:
    """`Resource` takes its model first and every option by name."""
    parameters = list(inspect.signature(modelwire.Resource).parameters)
    assert parameters == [
        "model",
        "path",
        "operations",
        "filters",
        "includes",
        "include_by_default",
        "includes_back",
        "hidden",
        "shown",
        "queryable",
        "read_only",
        "writable",
        "computed",
        "version",
        "require_if_match",
        "nested_writes",
        "create_schema",
        "update_schema",
        "read_schema",
        "dependencies",
        "operation_dependencies",
        "default_limit",
        "max_limit",
        "max_bulk_rows",
        "tags",
        "escape_formulas",
        "policy",
        "assign_on_create",
        "assign_on_update",
        "hooks",
        "changes",
        "soft_delete",
    ]
