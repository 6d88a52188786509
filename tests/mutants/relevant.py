"""Which tests are run for a change of a module: those that are about it, the fastest first.

A mutant that these miss may be noticed by others; all tests for each would take days.
"""

ALWAYS = ("tests/unit",)

RELEVANT = {
    "plan/reading": (
        *("tests/http/test_list.py", "tests/http/test_logic.py", "tests/http/test_search.py"),
        *("tests/http/test_filter_values.py", "tests/http/test_sealed_cursors.py"),
        *("tests/query/test_answers.py", "tests/query/test_bad_input.py"),
    ),
    "plan/writing": (
        *("tests/http/test_create.py", "tests/http/test_update.py", "tests/http/test_upsert.py"),
        *("tests/http/test_nested_writes.py", "tests/http/test_links.py"),
        *("tests/http/test_mass_changes.py", "tests/http/test_bulk_update.py"),
        *("tests/http/test_many_errors.py", "tests/writes/test_machine.py"),
    ),
    "plan": ("tests/http/test_read.py", "tests/http/test_children.py", "tests/http/test_delete.py"),
    "statement": (
        *(
            "tests/query/test_statements.py",
            "tests/http/test_filter.py",
            "tests/query/test_answers.py",
        ),
        *("tests/http/test_keyset.py", "tests/http/test_include.py", "tests/http/test_upsert.py"),
        *("tests/http/test_create_types.py", "tests/values", "tests/cases/test_deep_chains.py"),
    ),
    "execute/explain": (
        *("tests/constraints/test_undeclared.py", "tests/constraints/test_many_rows.py"),
        *("tests/http/test_constraints.py", "tests/http/test_link_constraints.py"),
        *("tests/constraints/test_table.py", "tests/cases/test_keys_of_the_database.py"),
    ),
    "execute": (
        *("tests/sessions", "tests/http/test_idempotency.py", "tests/http/test_each_for_itself.py"),
        *("tests/cases/test_after_triggers.py", "tests/http/test_bulk_delete.py"),
        *("tests/http/test_upsert.py", "tests/http/test_links.py", "tests/writes/test_machine.py"),
    ),
    "pipeline": (
        *("tests/http/test_totals.py", "tests/http/test_read.py", "tests/http/test_stream.py"),
        *("tests/http/test_idempotency.py", "tests/http/test_each_for_itself.py"),
        *("tests/http/test_included_limit.py", "tests/http/test_include.py"),
        *(
            "tests/http/test_upsert.py",
            "tests/http/test_mass_changes.py",
            "tests/http/test_links.py",
        ),
    ),
    "respond": (
        *("tests/http/test_list.py", "tests/http/test_conditional.py", "tests/http/test_create.py"),
        *("tests/http/test_csv.py", "tests/http/test_stream.py", "tests/http/test_many_errors.py"),
        *("tests/http/test_each_for_itself.py", "tests/cases/test_answers_that_fail.py"),
    ),
}
"""Tests by the part of `src/modelwire` that they are about; the longest part that fits counts."""


def tests_of(module: str) -> tuple[str, ...]:
    """The tests for a module.

    Args:
        module: Its path in `src/modelwire`.
    """
    part = max((part for part in RELEVANT if module.startswith(f"{part}/")), key=len)
    return (*ALWAYS, *RELEVANT[part])
