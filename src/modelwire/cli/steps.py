"""Operations of `modelwire migrate`, apart from its options and output."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from alembic.autogenerate import render_python_code
from alembic.operations.ops import UpgradeOps
from alembic.script import Script
from alembic.util import CommandError
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError

from ..errors import ConfigurationError
from ..migrations.comparison import render_item
from ..migrations.differences import Difference, find_differences
from ..migrations.environment import Orders, StepFailed
from ..migrations.fills import fill_columns
from ..migrations.folder import Folder
from ..migrations.losses import find_losses
from ..migrations.renames import rename
from .answers import Answers, find_dropped, settle_renames
from .application import name_database
from .ask import Failed, confirm_losses
from .reason import reason_of
from .target import BadTarget, naming_mistakes
from .template import fill_templates, write_folder

_NAMES = {"sa": sa, "postgresql": postgresql, "sqlite": sqlite}
"""Names of the modules of types in the source of a step."""

_ADOPT = (
    "If the tables are there because the application has created them at its start, record the "
    "steps as applied by: modelwire migrate apply --adopt"
)


class Step(NamedTuple):
    """Step of a folder.

    Args:
        id: Its id.
        text: Its title.
        applied: Whether it is applied to the database.
    """

    id: str
    text: str
    applied: bool


class Made(NamedTuple):
    """Step that was written.

    Args:
        path: Its file; None where models and database agree.
        unfilled: Columns for which existing rows have no value.
    """

    path: Path | None
    unfilled: Sequence[str]


class Migrations:
    """Steps of a folder, and the operations on them.

    Args:
        path: The folder.

    Raises:
        ConfigurationError: It is no folder of steps.
    """

    def __init__(self, path: Path) -> None:
        if not (path / "env.py").is_file():
            raise ConfigurationError(
                f"There is no {path / 'env.py'}: modelwire migrate make makes it, "
                "and --folder names another folder"
            )
        sys.path.insert(0, "")
        self._path = path
        self._folder = Folder(path)

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Turn errors into failures of a line or two.

        Raises:
            Failed: There was an error.
        """
        try:
            with naming_mistakes(str(self._path / "env.py"), "can't be run"):
                try:
                    yield
                except CommandError as exc:
                    raise Failed(str(exc)) from exc
                except (SQLAlchemyError, OSError, StepFailed) as exc:
                    raise Failed(reason_of(exc)) from exc
        except BadTarget as exc:
            raise Failed(str(exc)) from exc

    def show(self) -> Sequence[Step]:
        """List the steps, from first to last."""
        with self._running():
            self._check_line()
            applied = self._folder.applied()
            return [Step(s.revision, s.doc, s.revision in applied) for s in self._folder.steps()]

    def make(self, text: str, answers: Answers) -> Made:
        """Write a step that turns the tables of the database into those of the models."""
        known = self.show()
        self._check_applied(known)
        unfilled: list[str] = []

        def decide(changes: UpgradeOps, dialect: Dialect) -> bool:
            if changes.is_empty():
                return False
            dropped = find_dropped(changes, answers.dropped)
            rename(changes, settle_renames(changes, dialect, answers.renamed, dropped))
            unfilled.extend(fill_columns(changes, dialect))
            accepted = [f"drops the {kind} {path}" for path, kind in dropped.items()]
            confirm_losses(_losses_of(changes), yes=answers.yes, accepted=accepted)
            return True

        with self._running():
            path = self._folder.compare(text, decide, takes_as_empty=not known)
        return Made(path, unfilled)

    def check(self) -> tuple[Sequence[Step], Sequence[Difference]]:
        """Find the steps that are not applied, and the remaining differences."""
        pending = [step for step in self.show() if not step.applied]
        found: list[Difference] = []

        def decide(changes: UpgradeOps, dialect: Dialect) -> bool:
            found.extend(find_differences(changes, dialect))
            return False

        if not pending:
            with self._running():
                self._folder.compare(None, decide)
        return pending, found

    def apply(self, target: str | None, *, yes: bool) -> Sequence[Step]:
        """Run the steps that are not applied."""
        steps = self.show()
        pending = self._up_to(target, [step for step in steps if not step.applied])
        self._confirm(pending, "upgrade", yes=yes)
        orders = Orders(completes=True)
        try:
            self._carry_out(pending, orders, lambda: self._folder.apply(target or "head", orders))
        except Failed as exc:
            if orders.done or any(step.applied for step in steps):
                raise
            raise Failed(f"{exc}. {_ADOPT}") from exc
        return pending

    def adopt(self) -> Sequence[Step]:
        """Record the steps as applied, if the tables match."""
        steps = self.show()
        found: list[Difference] = []

        def decide(changes: UpgradeOps, dialect: Dialect) -> bool:
            found.extend(find_differences(changes, dialect))
            return False

        if any(step.applied for step in steps):
            raise Failed("Steps are applied already: --adopt is for a database that knows of none")
        with self._running():
            self._folder.compare_without_steps(decide)
            if found:
                raise Failed(f"The database is not what the steps make of it: {found[0]}")
            self._folder.adopt()
        return steps

    def back(self, number: int, *, yes: bool) -> Sequence[Step]:
        """Run the way back of the last applied steps, the last one first."""
        applied = [step for step in self.show() if step.applied]
        if number > len(applied):
            raise ConfigurationError(f"{_count(len(applied))} applied, and not {number}")
        gone = list(reversed(applied))[:number]
        self._confirm(gone, "downgrade", yes=yes)
        orders = Orders()
        self._carry_out(gone, orders, lambda: self._folder.undo(f"-{number}", orders))
        return gone

    def _check_line(self) -> None:
        """Check that the steps form one line.

        Raises:
            Failed: Two follow the same one, as when two people make a step at the same time.
        """
        heads = self._folder.script.get_heads()
        if len(heads) > 1:
            raise Failed(
                f"No step follows {' nor '.join(heads)}, where one is the last: put one behind the "
                "other, by its down_revision"
            )

    def _carry_out(self, steps: Sequence[Step], orders: Orders, run: Callable[[], None]) -> None:
        """Run steps, and name the one that fails.

        Raises:
            Failed: One fails; those before it are applied.
        """
        try:
            with self._running():
                run()
        except Failed as exc:
            left = steps[len(orders.done) :]
            if not left:
                raise
            raise Failed(f"{left[0].text} ({left[0].id}) has failed, and is undone: {exc}") from exc

    def _confirm(self, steps: Sequence[Step], function: str, *, yes: bool) -> None:
        by_id = {script.revision: script for script in self._folder.steps()}
        losses = [
            f"{step.text} {loss}" for step in steps for loss in _losses_in(by_id[step.id], function)
        ]
        if losses:
            confirm_losses(losses, yes=yes)

    def _up_to(self, target: str | None, pending: Sequence[Step]) -> Sequence[Step]:
        if target is None:
            return pending
        at = [i for i, step in enumerate(pending) if step.id.startswith(target)]
        if len(at) != 1:
            there = ", ".join(step.id for step in pending) or "none"
            raise ConfigurationError(f"No step {target} is to be applied; there are: {there}")
        return pending[: at[0] + 1]

    def _check_applied(self, steps: Sequence[Step]) -> None:
        pending = [step for step in steps if not step.applied]
        if pending:
            raise Failed(
                f"{pending[0].text} ({pending[0].id}) is not applied: "
                "modelwire migrate apply comes first"
            )


def _count(number: int) -> str:
    return f"{number or 'No'} step{'' if number == 1 else 's'} {'is' if number == 1 else 'are'}"


def _losses_of(changes: UpgradeOps) -> Sequence[str]:
    text = render_python_code(changes, render_as_batch=True, render_item=render_item)
    return find_losses(f"def upgrade():\n    {text}", "upgrade", _NAMES)


def _losses_in(script: Script, function: str) -> Sequence[str]:
    source = Path(script.path).read_text(encoding="utf-8")
    return find_losses(source, function, vars(script.module))


def make_next(path: Path, text: str, answers: Answers) -> Made:
    """Write the next step of a folder."""
    if not path.exists():
        raise ConfigurationError(
            f"There is no folder {path} yet: say what has the tables, as in --app main.py"
        )
    return Migrations(path).make(text, answers)


def make_first(path: Path, application: str, text: str, answers: Answers) -> Made:
    """Write a folder for steps, with the first one.

    Args:
        path: The folder, which must not exist.
        application: The application with the tables, as for `modelwire serve`.
        text: What the step does.
        answers: Options on columns that are gone.

    Raises:
        BadTarget: There is no such application.
        Failed: The step can't be made; then there is no folder either.
    """
    if path.exists():
        raise ConfigurationError(
            f"{path} exists already, and its env.py names the application: leave out --app"
        )
    values = name_database(application)
    try:
        write_folder(path, fill_templates("migrations", values=values))
    except OSError as exc:
        raise Failed(f"{path} can't be written: {exc.strerror or exc}") from exc
    made = None
    try:
        made = Migrations(path).make(text, answers)
    finally:
        if made is None or made.path is None:
            shutil.rmtree(path)
    return made
