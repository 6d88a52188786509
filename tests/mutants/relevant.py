"""Tests to run for a change of a module: those about it, the likeliest to notice first.

A mutant that these miss may be noticed by others; all tests for each would take days.
"""

from pathlib import Path

RELEVANT = {
    "execute": "sessions/test_sessions sessions/test_life http/test_not_started",
    "execute/connect": "sessions/test_sessions sessions/test_contention sessions/test_cancelled",
    "execute/connect/part_lane": (
        "unit/test_part_lane sessions/test_sessions sessions/test_contention"
        " sessions/test_cancelled"
    ),
    "execute/connect/driver_lane": (
        "unit/test_driver_lane http/test_read sessions/test_cancelled"
        " sessions/test_short_statements"
    ),
    "execute/connect/fair_queue": (
        "unit/test_fair_queue unit/test_turns unit/test_slots sessions/test_contention"
    ),
    "execute/connect/gathering": "unit/test_gathering http/test_gathered http/test_totals",
    "execute/connect/lane": "http/test_upsert values/test_unreadable statement/test_caller",
    "execute/connect/limit": (
        "unit/test_limits sessions/test_cursors sessions/test_short_statements"
        " sessions/test_outdated"
    ),
    "execute/connect/pool": (
        "unit/test_pool sessions/test_sessions sessions/test_cancelled sessions/test_loops"
        " sessions/test_life"
    ),
    "execute/connect/savepoint": (
        "unit/test_savepoints unit/test_driver_lane http/test_each_for_itself"
        " batches/test_batches constraints/test_many_rows"
    ),
    "execute/connect/retry": "unit/test_retry sessions/test_contention",
    "execute/connect/slots": "unit/test_slots faults/test_slow_reads docs/test_durations",
    "execute/connect/turns": "unit/test_turns sessions/test_contention",
    "execute/connect/watch": "observe sessions/test_sessions",
    "execute/database": (
        "sessions/test_sessions sessions/test_life http/test_not_started changes/test_kept"
    ),
    "execute/durability": "unit/test_durability sessions/test_life http/test_not_started",
    "execute/explain": (
        "unit/test_explain http/test_constraints constraints/test_undeclared"
        " constraints/test_many_rows constraints/test_hidden constraints/test_own_code"
        " cases/test_keys_of_the_database commits/test_refused"
    ),
    "execute/explain/links": "unit/test_explain http/test_link_constraints http/test_many_to_many",
    "execute/explain/partitions": "constraints/test_partitions",
    "execute/failure": "unit/test_faults observe/test_log unit/test_outcomes",
    "execute/faults": (
        "unit/test_faults unit/test_outcomes unit/test_sqlite_faults http/test_constraints"
    ),
    "execute/feed": (
        "unit/test_feed unit/test_horizon live_changes/test_ends live_changes/test_order"
        " live_changes/test_notices"
    ),
    "execute/feed/notifier": (
        "unit/test_notifier live_changes/test_notices live_changes/test_order"
        " live_changes/test_ends"
    ),
    "execute/feed/stopping": "unit/test_notifier live_changes/test_ends",
    "execute/finder": (
        "unit/test_referrers http/test_nested_writes http/test_constraints http/test_many_to_many"
    ),
    "execute/hooks": (
        "unit/test_committed hooks access/test_own_endpoints_writes soft_delete/test_own_code"
    ),
    "execute/idempotency": (
        "unit/test_idempotency_keys http/test_idempotency http/test_idempotency_callers"
        " http/test_idempotency_rights http/test_idempotency_races docs/test_durations"
    ),
    "execute/log": (
        "unit/test_log changes live_changes/test_pages live_changes/test_order"
        " soft_delete/test_history docs/test_durations"
    ),
    "execute/log/sessions": (
        "unit/test_stamps changes/test_writes changes/test_kept live_changes/test_notices"
    ),
    "execute/log/sqlite": (
        "unit/test_sqlite_log unit/test_log changes live_changes/test_pages"
        " live_changes/test_order soft_delete/test_history"
    ),
    "execute/own": (
        "access/test_own_endpoints access/test_own_endpoints_writes access/test_own_callers"
        " access/test_own_planted"
    ),
    "execute/postgresql": "unit/test_engine_options unit/test_urls http/test_health",
    "execute/postgresql/connection": (
        "unit/test_postgresql_connection sessions/test_outdated sessions/test_cancelled"
        " sessions/test_loops http/test_health"
    ),
    "execute/postgresql/unresponsive": (
        "unit/test_server_search faults/test_standbys_cut_off faults/test_network"
    ),
    "execute/postgresql/servers": (
        "unit/test_server_search unit/test_urls faults/test_failover"
        " faults/test_standbys_cut_off docs/test_durations"
    ),
    "execute/postgresql/watch": (
        "live_changes/test_notices live_changes/test_order live_changes/test_pages"
    ),
    "execute/rejection": "http/test_constraints",
    "execute/replicas": "unit/test_replicas query/test_freshness faults/test_replicas",
    "execute/secrets": "unit/test_secrets http/test_secrets http/test_sealed_cursors",
    "execute/servers": "unit/test_urls sessions/test_life",
    "execute/sqlite": "sessions/test_short_statements sessions/test_cursors unit/test_urls",
    "execute/sqlite/connection": (
        "unit/test_sqlite_connection sessions/test_short_statements sessions/test_cursors"
        " unit/test_urls"
    ),
    "execute/sqlite/engine": (
        "unit/test_sqlite_engine sessions/test_short_statements sessions/test_cursors"
        " unit/test_urls"
    ),
    "execute/sqlite/functions": "unit/test_folding query/test_aggregates",
    "execute/sqlite/short_statements": (
        "unit/test_short_work sessions/test_short_statements docs/test_durations"
    ),
    "execute/sqlite/tables": (
        "unit/test_sqlite_types cases/test_keys_that_count constraints/test_schemas"
        " sessions/test_life"
    ),
    "execute/sqlite/watch": "live_changes/test_order live_changes/test_pages",
    "execute/startup": (
        "unit/test_startup sessions/test_life http/test_not_started values/test_unfilled"
        " http/test_idempotency_rights"
    ),
    "execute/tables": (
        "unit/test_tables sessions/test_life http/test_not_started constraints/test_schemas"
        " values/test_indexes"
    ),
    "execute/tracking": (
        "unit/test_tracking changes/test_kept changes/test_writes live_changes/test_ends"
        " live_changes/test_pages"
    ),
    "execute/url": "unit/test_urls sessions/test_life",
    "execute/work": "live_changes/test_work live_changes/test_ends docs/test_durations",
    "execute/write": (
        "http/test_nested_writes http/test_bulk_update cases/test_after_triggers"
        " access/test_enforced"
    ),
    "execute/write/writer": (
        "http/test_nested_writes hooks/test_ways http/test_bulk_update"
        " cases/test_after_triggers access/test_enforced"
    ),
    "execute/write/delete": (
        "unit/test_circles http/test_delete http/test_bulk_delete http/test_mass_changes"
    ),
    "execute/write/each": "http/test_each_for_itself cases/test_rows_told_alone",
    "execute/write/insert": (
        "http/test_create http/test_bulk_create http/test_nested_writes cases/test_deep_chains"
    ),
    "execute/write/link": (
        "unit/test_missing_parents http/test_many_to_many http/test_link_constraints"
        " access/test_links http/test_rows_of_links"
    ),
    "execute/write/mass": "unit/test_mass_changes http/test_mass_changes soft_delete/test_deleted",
    "execute/write/permission": (
        "unit/test_mass_changes access/test_enforced access/test_links access/test_checks"
    ),
    "execute/write/soft": "soft_delete",
    "execute/write/triggers": "cases/test_after_triggers sessions/test_life",
    "execute/write/update": (
        "http/test_update http/test_bulk_update http/test_conditional http/test_mass_changes"
    ),
    "execute/write/upsert": (
        "unit/test_unseen_rows http/test_upsert hooks/test_upserts cases/test_keys_of_the_database"
    ),
    "pipeline": "http/test_read http/test_create http/test_update http/test_conditional",
    "pipeline/aggregates": "unit/test_sums_below_rows http/test_aggregate query/test_aggregates",
    "pipeline/answers": (
        "unit/test_unseen_rows http/test_create http/test_each_for_itself http/test_conditional"
        " cases/test_answers_that_fail computed/test_writes"
    ),
    "pipeline/batch": "unit/test_batch_commit batches",
    "pipeline/changes": (
        "unit/test_pace unit/test_following live_changes/test_pages changes/test_policies"
        " docs/test_durations"
    ),
    "pipeline/echoes": "cases/test_rows_sent_back",
    "pipeline/following": "live_changes/test_pages changes/test_policies",
    "pipeline/history": "changes/test_policies soft_delete/test_history changes/test_two_versions",
    "pipeline/idempotency": (
        "unit/test_idempotency_keys http/test_idempotency http/test_idempotency_races"
        " http/test_idempotency_callers"
    ),
    "pipeline/includes": (
        "http/test_include http/test_included_limit http/test_straight_back query/test_answers"
    ),
    "pipeline/lists": (
        "unit/test_estimates http/test_list http/test_keyset http/test_totals query/test_totals"
    ),
    "pipeline/reads": (
        "unit/test_stream_batches http/test_read http/test_stream http/test_list"
        " http/test_conditional"
    ),
    "pipeline/renamed": "http/test_renamed http/test_update",
    "pipeline/replicas": "unit/test_replica_reads query/test_freshness faults/test_replicas",
    "pipeline/pipeline": (
        "http/test_gathered http/test_totals http/test_secrets http/test_sealed_cursors"
        " query/test_freshness"
    ),
    "pipeline/rows": "http/test_gathered http/test_read access/test_gathered docs/test_durations",
    "pipeline/transaction": (
        "unit/test_rejections http/test_tried sessions/test_contention http/test_idempotency"
        " http/test_each_for_itself commits/test_refused"
    ),
    "pipeline/variants": "access/fields access/test_policies",
    "pipeline/writ": (
        "http/test_create http/test_update http/test_upsert http/test_delete"
        " http/test_many_to_many http/test_mass_changes http/test_bulk_update"
        " http/test_bulk_delete soft_delete/test_restored http/test_conditional"
        " changes/test_policies"
    ),
    "plan": "http/test_read http/test_children http/test_delete http/test_filter_values",
    "plan/keys": "http/test_read http/test_paths cases/test_types_of_keys http/test_durations",
    "plan/reading": "http/test_list query/test_bad_input http/test_filter query/test_answers",
    "plan/reading/aggregate": (
        "http/test_aggregate query/test_aggregates computed/test_sums json_columns/test_groups"
    ),
    "plan/reading/cipher": "http/test_sealed_cursors http/test_secrets",
    "plan/reading/cursor": (
        "unit/test_cursors http/test_sealed_cursors http/test_keyset query/test_pages"
        " cases/test_types_of_keys"
    ),
    "plan/reading/derived": "http/test_aggregate query/test_aggregates",
    "plan/reading/filters": (
        "http/test_filter http/test_filter_values query/test_bad_input http/test_query_body"
    ),
    "plan/reading/following": "live_changes/test_pages changes/test_policies",
    "plan/reading/grouping": (
        "http/test_aggregate query/test_aggregates json_columns/test_groups http/test_suggestions"
    ),
    "plan/reading/history": "changes/test_policies soft_delete/test_history",
    "plan/reading/includes": (
        "http/test_include http/test_fields http/test_straight_back http/test_suggestions"
    ),
    "plan/reading/keyset": "http/test_keyset query/test_pages http/test_links query/test_bad_input",
    "plan/reading/logic": (
        "http/test_logic query/test_bad_input http/test_many_terms query/test_answers"
    ),
    "plan/reading/operators": (
        "http/test_filter query/test_bad_input http/test_documented_parameters"
    ),
    "plan/reading/order": "http/test_list http/test_keyset query/test_bad_input query/test_answers",
    "plan/reading/parts": "json_columns query/test_bad_input",
    "plan/reading/paths": (
        "http/test_paths_through_relations http/test_suggestions http/test_masked_fields"
    ),
    "plan/reading/plans": "http/test_list http/test_read http/test_stream query/test_bad_input",
    "plan/reading/query": (
        "unit/test_query http/test_list query/test_bad_input http/test_query_body"
    ),
    "plan/values": "http/test_filter_values http/test_filter hostile/test_urls http/test_durations",
    "plan/writing": "http/test_create http/test_update http/test_upsert http/test_nested_writes",
    "plan/writing/assigned": (
        "access/test_enforced values/test_defaults http/test_rows_of_links access/test_policies"
    ),
    "plan/writing/batches": (
        "http/test_bulk_create http/test_bulk_update http/test_bulk_delete http/test_many_errors"
    ),
    "plan/writing/bodies": (
        "unit/test_values http/test_create http/test_many_errors cases/test_validators_of_the_model"
    ),
    "plan/writing/drafts": (
        "cases/test_merge_patches cases/test_validators_of_the_model http/test_update"
    ),
    "plan/writing/create": (
        "http/test_create http/test_nested_writes http/test_create_child cases/test_unnamed_parents"
    ),
    "plan/writing/delete": "http/test_delete http/test_bulk_delete",
    "plan/writing/new_rows": (
        "http/test_create http/test_create_types cases/test_writable_columns http/test_update"
    ),
    "plan/writing/each": (
        "http/test_each_for_itself cases/test_rows_told_alone http/test_many_errors"
    ),
    "plan/writing/echoes": "cases/test_rows_sent_back",
    "plan/writing/keyed": "http/test_update http/test_bulk_update http/test_delete",
    "plan/writing/links": "http/test_many_to_many http/test_rows_of_links",
    "plan/writing/mark": "soft_delete",
    "plan/writing/mass": "http/test_mass_changes",
    "plan/writing/nesting": "http/test_nested_writes http/test_many_to_many cases/test_deep_chains",
    "plan/writing/options": "http/test_upsert http/test_each_for_itself http/test_bulk_create",
    "plan/writing/plans": "hooks/test_ways http/test_tried http/test_create http/test_upsert",
    "plan/writing/revert": "changes/test_policies changes/test_two_versions",
    "plan/writing/update": (
        "http/test_update http/test_bulk_update http/test_mass_changes http/test_conditional"
    ),
    "plan/writing/upsert": "http/test_upsert hooks/test_upserts cases/test_keys_of_the_database",
    "respond": (
        "unit/test_answers http/test_list http/test_conditional http/test_create http/test_csv"
    ),
    "respond/answer": (
        "unit/test_answers http/test_conditional http/test_list http/test_create http/test_read"
    ),
    "respond/batch": "unit/test_answers batches/test_batches batches/test_references",
    "respond/changes": "unit/test_events live_changes/test_pages",
    "respond/groups": "unit/test_answers http/test_aggregate",
    "respond/links": "unit/test_answers http/test_links query/test_totals http/test_keyset",
    "respond/outcomes": (
        "unit/test_answers http/test_each_for_itself cases/test_rows_told_alone"
        " http/test_many_errors"
    ),
    "respond/problem": (
        "unit/test_answers unit/test_errors http/test_many_errors http/test_constraints"
        " http/test_paths"
    ),
    "respond/statuses": "unit/test_answers unit/test_errors docs/test_reference http/test_paths",
    "respond/stream": "unit/test_answers http/test_stream http/test_csv http/test_included_limit",
    "shape": "query/test_statements http/test_list http/test_create",
    "statement": "query/test_statements http/test_filter query/test_answers http/test_include",
    "statement/aggregate": (
        "http/test_aggregate query/test_aggregates query/test_large_sums computed/test_sums"
    ),
    "statement/changes": "changes live_changes/test_order",
    "statement/clocks": (
        "unit/test_stored_times values/test_clocks values/test_spellings query/test_answers"
    ),
    "statement/compiled": (
        "statement/test_plans values/test_returning http/test_create_types values/test_defaults"
    ),
    "statement/conditions": (
        "http/test_filter http/test_logic http/test_search http/test_paths_through_relations"
    ),
    "statement/dialects": (
        "unit/test_dialects http/test_filter http/test_create_types commits/test_refused"
        " query/test_answers"
    ),
    "statement/dialects/postgresql_documents": "json_columns query/test_answers",
    "statement/dialects/sqlite_documents": "json_columns query/test_answers",
    "statement/dialects/postgresql_reading": "values/test_unreadable",
    "statement/dialects/sqlite_reading": "values/test_unreadable",
    "statement/dialects/postgresql_sums": (
        "http/test_aggregate query/test_aggregates query/test_large_sums"
    ),
    "statement/dialects/sqlite_sums": (
        "http/test_aggregate query/test_aggregates query/test_large_sums"
    ),
    "statement/dialects/postgresql_types": "http/test_create_types http/test_postgresql_types",
    "statement/dialects/sqlite_types": "http/test_create_types values/test_unreadable",
    "statement/documents": "json_columns",
    "statement/caller_door": (
        "statement/test_door access/test_own_callers access/test_own_endpoints"
        " access/test_own_endpoints_writes"
    ),
    "statement/entries": "changes/test_policies soft_delete/test_history",
    "statement/estimate": "http/test_totals query/test_totals",
    "statement/exact_numbers": (
        "unit/test_exact_numbers http/test_aggregate query/test_aggregates http/test_decimals"
        " query/test_large_sums"
    ),
    "statement/feed": "live_changes/test_order live_changes/test_pages live_changes/test_notices",
    "statement/gathered": "unit/test_gathering http/test_gathered access/test_gathered",
    "statement/given": (
        "http/test_bulk_update http/test_many_to_many http/test_upsert"
        " cases/test_keys_of_the_database"
    ),
    "statement/given_rows": "live_changes/test_pages changes/test_policies changes/test_exact",
    "statement/idempotency": (
        "http/test_idempotency http/test_idempotency_rights http/test_idempotency_callers"
    ),
    "statement/indexes": "values/test_indexes",
    "statement/intervals": "http/test_durations http/test_postgresql_types",
    "statement/keyset": (
        "statement/test_texts http/test_keyset values/test_unreadable query/test_pages"
    ),
    "statement/lists": (
        "http/test_upsert statement/test_plans http/test_bulk_create http/test_include"
    ),
    "statement/lowercase": "unit/test_folding http/test_search",
    "statement/column_defaults": (
        "values/test_defaults values/test_unfit_defaults http/test_bulk_create"
    ),
    "statement/normalised": "values/test_spellings values/test_indexes",
    "statement/operators": (
        "http/test_filter query/test_answers json_columns/test_questions http/test_search"
    ),
    "statement/origin": "values/test_unreadable observe/test_log",
    "statement/own_tables": "sessions/test_life http/test_idempotency_rights",
    "statement/partitions": "constraints/test_partitions",
    "statement/places": "live_changes/test_work",
    "statement/positions": "query/test_freshness faults/test_replicas",
    "statement/four_byte_floats": "values/test_small",
    "statement/references": (
        "cases/test_keys_of_the_database values/test_spellings http/test_include"
    ),
    "statement/secrets": "http/test_secrets",
    "statement/select": "http/test_list http/test_include http/test_children query/test_statements",
    "statement/door": (
        "statement/test_texts statement/test_door computed/test_callers access/test_enforced"
        " soft_delete/test_deleted http/test_include"
    ),
    "statement/date_trunc": "unit/test_spans http/test_aggregate query/test_aggregates",
    "statement/stored_texts": (
        "unit/test_spelled_texts values/test_spellings values/test_enums_of_texts"
    ),
    "statement/statements": (
        "unit/test_slots unit/test_lock_order unit/test_startup http/test_upsert"
        " values/test_unreadable"
    ),
    "statement/sums": "http/test_aggregate query/test_aggregates",
    "statement/vectors": "values/test_vectors",
    "statement/write": (
        "http/test_create http/test_update http/test_upsert http/test_delete"
        " http/test_many_to_many http/test_bulk_update http/test_mass_changes"
        " values/test_returning soft_delete/test_restored"
    ),
}
"""Tests by the beginning of a module's path in `src/modelwire`; the longest that fits counts."""


FIRST = {
    "plan": "plan unit/test_values unit/test_cursors",
    "shape": "statement/test_sql plan",
    "statement": "statement/test_sql statement/test_types statement/test_defaults plan",
    **dict.fromkeys(("execute", "pipeline", "respond"), "wire"),
}
"""Tests of whole packages that take milliseconds each, and are run before the others."""


def tests_of(module: str) -> list[str]:
    """The tests for a module, in the order in which they are run.

    Args:
        module: Its path in `src/modelwire`.
    """
    part = max((part for part in RELEVANT if module.startswith(part)), key=len)
    first = FIRST.get(module.partition("/")[0], "")
    names = [f"tests/{name}" for name in f"{first} {RELEVANT[part]}".split()]
    return [f"{name}.py" if Path(f"{name}.py").exists() else name for name in names]
