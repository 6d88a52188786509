"""Wherever a policy is left out, the comparison of the two worlds tells."""

from contextlib import AsyncExitStack
from random import Random

import pytest

from tests.access import test_own_planted
from tests.conftest import make_app, open_client
from tests.worlds import World

from . import test_reads, test_writes
from .planted import find_plants
from .requests import READS
from .served import Worlds
from .tables import me, resources

REQUESTS = 15

FOUND_BY: dict[str, tuple[str, int]] = {
    "statement/aggregate.py:_select_rows:rows_of:0": ("aggregate", 0),
    "statement/conditions.py:Conditions._render_child:constant:0": ("children", 2),
    "statement/conditions.py:Conditions._render_child:rows_of:0": ("children", 2),
    "statement/conditions.py:_render_through:rows_of:0": ("list", 0),
    "statement/conditions.py:_render_link:links_of:0": ("children", 13),
    "statement/keyset.py:Joined._join:rows_of:0": ("list", 4),
    "statement/keyset.py:Joined._join:rows_of:1": ("list", 19),
    "statement/select.py:build_select:rows_of:0": ("list", 0),
    "statement/select.py:build_count:rows_of:0": ("list", 1),
    "statement/select.py:build_related:rows_of:0": ("list", 0),
    "statement/door.py:_select_rows:render_condition:0": ("list", 0),
    "statement/door.py:rows_of:_narrow:0": ("list", 0),
    "statement/select.py:_each_link_of:links_of:0": ("stream", 11),
    "statement/door.py:links_of:_narrow:0": ("children", 1),
    "statement/door.py:_compute:_narrow:0": ("list", 0),
    "statement/door.py:tell_allowed:render_condition:0": ("change", 0),
    "statement/door.py:links_to_seen:render_condition:0": ("change", 17),
    "statement/door.py:links_to_seen:rows_of:0": ("change", 2),
    "statement/write.py:build_insert:render_condition:0": ("create", 0),
    "statement/write.py:build_given:rows_of:0": ("change", 0),
    "statement/write.py:build_given:tell_allowed:0": ("change", 0),
    "statement/write.py:build_check:tell_allowed:0": ("change", 2),
    "statement/write.py:build_find:rows_of:0": ("create", 0),
    "execute/explain/references.py:find_hidden_parent:hides_rows:0": ("create", 0),
    "execute/write/insert.py:Inserter.store_child:check_parents:0": ("create_child", 2),
    "execute/write/insert.py:Inserter.create:check_parents:0": ("create", 0),
    "execute/write/insert.py:Inserter._insert:check_written:0": ("bulk_create", 0),
    "execute/write/insert.py:Inserter._run:raise refuse:0": ("create", 0),
    "execute/write/lock.py:read_locked:raise refuse:0": ("change", 0),
    "execute/write/permission.py:check_written:raise refuse:0": ("change", 2),
    "execute/write/permission.py:_has_guarded_parents:hides_rows:0": ("create", 0),
    "execute/write/update.py:update_rows:check_parents:0": ("change", 0),
    "execute/write/update.py:_store:check_written:0": ("bulk_patch", 0),
    "execute/write/upsert.py:Upserter._look_up:raise explain_unique:0": ("bulk_create", 0),
    "execute/write/upsert.py:Upserter._create:check_written:0": ("bulk_create", 4),
    "execute/write/writer.py:_create_linked:check_parents:0": ("create_child", 0),
    "execute/write/writer.py:_upsert:check_parents:0": ("bulk_create", 0),
    "plan/keys.py:select_locked:restricts:0": ("change", 0),
    "plan/writing/delete.py:plan_delete:restricts:0": ("delete", 0),
    "plan/writing/update.py:UpdatePlan.is_one_statement:restricts:0": ("change", 0),
}
"""The kind of request and the seed by which each fault shows."""

FOUND_ON_POSTGRESQL: dict[str, tuple[str, int]] = {
    "statement/select.py:_select_children:rows_of:0": ("read", 0),
}
"""The same for what is only done there."""

NOT_SHOWN = {
    "statement/select.py:_columns_beside:tell_allowed:0",
    "statement/select.py:_has_rows_before:rows_of:0",
    "statement/door.py:_restrict:render_condition:0",
    "statement/write.py:build_update:update_in:0",
    "statement/write.py:build_delete:delete_from:0",
    "execute/write/insert.py:Inserter._insert:raise refuse:0",
    "execute/write/insert.py:Inserter._check_assigned:raise refuse:0",
    "execute/write/insert.py:Inserter._store_with_kin:check_written:0",
    "execute/write/soft.py:SoftRemover.restore:raise refuse:0",
    "plan/writing/mark.py:MarkPlan.may_leave_policy:restricts:0",
    "execute/write/link.py:Linker._check_beside:hides_rows:0",
    "execute/write/link.py:Linker._check_ends:raise refuse:0",
    "execute/write/link.py:Linker._check_gone:restricts:0",
    "execute/write/link.py:Linker._check_gone:raise refuse:0",
    "execute/write/link.py:Linker._check_made:raise refuse:0",
    "execute/write/mass.py:find_affected:raise refuse:0",
    "execute/write/permission.py:check_linked:check_written:0",
    "execute/write/permission.py:check_tied:check_parents:0",
    "execute/write/permission.py:check_tied:hides_rows:0",
    "execute/write/upsert.py:Upserter._store_as_allowed:check_parents:0",
    "execute/write/update.py:update_rows:check_parents:1",
    "execute/write/update.py:_attempt:check_parents:0",
    "execute/write/writer.py:_set:check_written:0",
    "plan/writing/mass.py:plan_mass:restricts:0",
    "plan/writing/upsert.py:UpsertPlan.is_restricted:restricts:0",
    "pipeline/lists.py:_can_estimate:constant:0",
    "pipeline/lists.py:_count:take_from:0",
    "pipeline/following.py:Follower.read:take_from:0",
}
"""Faults that these requests do not show: behind most of them another check holds, such as the lock
of a row behind a mass change. Others show in `test_checks`, `test_links`, `test_shared`,
`test_composite`, `test_ways_round` and `test_policies_of_links`, and in tests elsewhere:
`cases/test_weight_of_refusals.py`, `hooks/test_callers.py`, `http/test_rows_of_links.py` and
`live_changes/test_many.py`."""

MOST = 10
"""Seeds that are tried where the known one shows a fault no longer."""

PLANTS = {str(plant): plant for plant in find_plants()}


def test_every_place_is_known() -> None:
    """A new place where a policy is written is given a fault too."""
    own = {*test_own_planted.FOUND_BY, *test_own_planted.NOT_SHOWN}
    assert set(PLANTS) == {*FOUND_BY, *FOUND_ON_POSTGRESQL, *NOT_SHOWN, *own}


@pytest.mark.parametrize("name", [*FOUND_BY, *FOUND_ON_POSTGRESQL])
async def test_planted(worlds: Worlds, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault is found."""
    faults = FOUND_BY if worlds.full.dialect == "sqlite" else FOUND_ON_POSTGRESQL
    if name not in faults:
        pytest.skip("it is found on the other database")
    kind, first = faults[name]
    PLANTS[name].install(monkeypatch)
    async with AsyncExitStack() as stack:
        planted = await serve_again(stack, worlds)
        for seed in (first, *range(MOST)):
            if await is_found(planted, kind, seed):
                return
    pytest.fail("nothing shows that the policy is not there")


async def is_found(worlds: Worlds, kind: str, seed: int) -> bool:
    """Whether a caller notices."""
    find = test_reads.find_difference if kind in READS else test_writes.find_difference
    return await find(worlds, "direct", Random(seed), REQUESTS, (kind,)) is not None


async def serve_again(stack: AsyncExitStack, worlds: Worlds) -> Worlds:
    """Serve both worlds by applications that know no statement yet."""
    made = []
    for world in (worlds.full, worlds.seen):
        app = make_app(world.database, "direct", resources(guarded=True), {"caller": me})
        client = await stack.enter_async_context(open_client(app))
        made.append(World(world.database, {"direct": app}, {"direct": client, "open": client}))
    full, seen = made
    return Worlds(full, seen, worlds.catalog)
