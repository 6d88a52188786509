"""Folder of migrations: its files, and its steps."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import produce_migrations
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory

from .environment import ORDERS, Decide, Orders

FILE_TEMPLATE = (
    "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d%%(second).2d_%%(rev)s_%%(slug)s"
)
"""Template of the file name of a step."""


class Folder:
    """Steps of a folder, and the database that they are for.

    Args:
        path: The folder, with its `env.py`.
    """

    def __init__(self, path: Path) -> None:
        self.config = Config(cmd_opts=Namespace(quiet=True))
        self.config.set_main_option("script_location", str(path.resolve()).replace("%", "%%"))
        self.config.set_main_option("file_template", FILE_TEMPLATE)
        self.config.set_main_option("path_separator", "os")

    @property
    def script(self) -> ScriptDirectory:
        """Files as they are now."""
        return ScriptDirectory.from_config(self.config)

    def steps(self) -> Sequence[Script]:
        """Return all steps, from first to last."""
        return list(reversed(list(self.script.walk_revisions())))

    def applied(self) -> Collection[str]:
        """Return the steps that are applied to the database."""
        script = self.script
        found: set[str] = set()

        def look(heads: Any, _context: MigrationContext) -> list[Any]:
            known = script.iterate_revisions(heads, "base") if heads else ()
            found.update(step.revision for step in known)
            return []

        self.config.attributes[ORDERS] = Orders()
        with EnvironmentContext(self.config, script, fn=look, dont_mutate=True):
            script.run_env()
        return found

    def apply(self, target: str, orders: Orders) -> None:
        """Run all steps up to one, or to the last: `head`."""
        self.config.attributes[ORDERS] = orders
        command.upgrade(self.config, target)

    def undo(self, target: str, orders: Orders) -> None:
        """Run the way back of all steps after one, or of all: `base`."""
        self.config.attributes[ORDERS] = orders
        command.downgrade(self.config, target)

    def compare_without_steps(self, decide: Decide) -> None:
        """Compare the models with a database on which no step is recorded."""
        script = self.script

        def look(_heads: Any, context: MigrationContext) -> list[Any]:
            migrations = produce_migrations(context, context.opts["target_metadata"])
            context.opts["process_revision_directives"](context, None, [migrations])
            return []

        self.config.attributes[ORDERS] = Orders(decide=decide)
        with EnvironmentContext(self.config, script, fn=look, dont_mutate=True):
            script.run_env()

    def adopt(self) -> None:
        """Record every step as applied, without running it."""
        self.config.attributes[ORDERS] = Orders(completes=True)
        command.stamp(self.config, "head")

    def compare(
        self, message: str | None, decide: Decide, *, takes_as_empty: bool = False
    ) -> Path | None:
        """Compare the models with a database to which all steps are applied.

        Args:
            message: The title of the step that is made of the differences.
            decide: Takes the operations that turn the database's tables into those of the models,
                which it may change, and the dialect; decides whether a step is made of them.
            takes_as_empty: Whether to assume a database without tables.

        Returns:
            The file of the step, if one is made.
        """
        self.config.attributes[ORDERS] = Orders(takes_as_empty=takes_as_empty, decide=decide)
        made = command.revision(self.config, message, autogenerate=True)
        return Path(made.path) if isinstance(made, Script) else None
