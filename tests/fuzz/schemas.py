"""Modules of models and resources, drawn at random, as users might write them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from types import ModuleType
from typing import Any

from pydantic.alias_generators import to_camel

from .kinds import KINDS, TYPES
from .names import ALIASES, COLUMNS, CONFIGS, HEAD, MANY, NAMES, RELATIONS, TABLES
from .tables import MISSING, Column, Relation, Table


@dataclass
class Schema:
    """Tables in the order of their classes, and the module's text."""

    seed: object
    tables: list[Table]
    source: str
    has_callers: bool

    def load(self) -> ModuleType:
        """Run the module."""
        module = ModuleType(f"fuzz_models_{self.seed}".replace(" ", "_"))
        sys.modules[module.__name__] = module
        exec(compile(self.source, module.__name__, "exec", dont_inherit=True), module.__dict__)
        return module


def draw_schema(seed: object) -> Schema:
    """Draw a module of models."""
    return _Drawing(seed).draw_schema()


class _Drawing:
    """One schema, as it is drawn."""

    def __init__(self, seed: object) -> None:
        self.seed = seed
        self.draw = Random(f"schema {seed}")
        self.tables: list[Table] = []
        self.links: list[Table] = []
        self.head: list[str] = []
        self.has_callers = self.chance(0.25)
        # One kind in a schema: what stands in the way of a row that goes along with another one is
        # asked before or after that, as each database has it.
        self.rules = self.draw.choice([("",), ("RESTRICT",), ("CASCADE", "SET NULL")])
        self.oddness = self.draw.choice([0.0, 0.2, 0.5])

    def chance(self, p: float) -> bool:
        return self.draw.random() < p

    def odd(self) -> bool:
        return self.draw.random() < self.oddness

    def draw_schema(self) -> Schema:
        names = self.draw.sample(TABLES, 6)
        for i in range(self.draw.randint(2, 4)):
            name = names[i] if self.odd() else f"table{i}"
            self.tables.append(self.draw_table(i, name))
        for child in self.tables:
            self.refer(child)
        if self.chance(0.6):
            self.link()
        for table in self.tables:
            if table.is_camel:
                for relation in table.relations:
                    relation.wire = to_camel(relation.name)
            self.finish(table)
        everything = [*self.links, *self.tables]
        return Schema(self.seed, everything, self.write(everything), self.has_callers)

    def draw_table(self, i: int, name: str) -> Table:
        table = Table(f"T{i}", name)
        self.draw_config(table)
        self.draw_key(table)
        names = list(self.draw.sample(NAMES, 14))
        for j in range(self.draw.randint(2, 7)):
            column_name = names[j] if self.odd() else f"c{j}"
            self.add_column(table, column_name, self.draw.choice(list(KINDS)))
        self.draw_checks(table)
        if self.chance(0.12):
            table.base = "Stamped, Base"
            made = Column("made_at", "made_at", "moment", is_required=False, column="made_at")
            stored = Column("stored_at", "stored_at", "moment", True, False, False)
            stored.is_queryable, stored.column = False, "stored_at"
            table.columns += [made, stored]
        if self.chance(0.12):
            secret = Column("api_token", "api_token", "text", True, False, is_shown=False)
            secret.column, secret.is_queryable, secret.default = "api_token", False, None
            table.columns.append(secret)
            table.lines.append("api_token: str | None = None")
        if table.is_camel:
            for column in table.columns:
                if column.wire == column.name:
                    column.wire = to_camel(column.name)
        return table

    def draw_config(self, table: Table) -> None:
        if self.chance(0.08):
            table.is_camel = True
            table.lines.append(
                "model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)"
            )
        elif self.chance(0.2):
            config = self.draw.choice(CONFIGS)
            table.lines.append(f"model_config = ConfigDict({config})")

    # ---- keys ----

    def draw_key(self, table: Table) -> None:
        kind = self.draw.choice(
            ["auto", "auto", "auto", "uuid", "named", "named", "pair", "part", "same"]
        )
        parents = [one for one in self.tables if len(one.key) == 1]
        if kind in ("part", "same") and not parents:
            kind = "auto"
        if kind in ("part", "same"):
            self.draw_key_of_parent(table, self.draw.choice(parents), kind)
        elif kind == "auto":
            name = self.draw.choice(["id", "id", "id", "number_", "ID"])
            table.columns.append(
                Column(name, name, "integer", False, False, False, is_key=True, column=name)
            )
            table.lines.append(f"{name}: int | None = Field(default=None, primary_key=True)")
            table.counts_itself = True
        elif kind == "uuid":
            table.columns.append(
                Column("id", "id", "uuid", False, False, False, is_key=True, column="id")
            )
            table.lines.append("id: uuid.UUID = Field(default_factory=make_uuid, primary_key=True)")
        else:
            kinds = [name for name, kind in KINDS.items() if kind.is_key]
            for name in ["code"] if kind == "named" else ["left", "right"]:
                self.add_key_column(table, name, self.draw.choice(kinds))
        table.unique_keys.append(table.key)

    def draw_key_of_parent(self, table: Table, parent: Table, kind: str) -> None:
        key = parent.key[0]
        column = Column("of_key", "of_key", key.kind_name, is_key=True, column="of_key")
        column.reference = (parent, key)
        options = [f"foreign_key={f'{parent.name}.{key.column}'!r}", "primary_key=True"]
        if self.rules[0]:
            options.append(f"ondelete={self.rules[0]!r}")
        if key.kind.options:
            options.append(key.kind.options)
        table.columns.append(column)
        table.lines.append(f"of_key: {key.kind.annotation} = Field({', '.join(options)})")
        if kind == "part":
            self.add_key_column(table, "place", self.draw.choice(["integer", "text", "date"]))
        back = f"below{table.class_name}" if self.chance(0.7) else None
        populates = f"back_populates={back!r}, " if back else ""
        ways = {"foreign_keys": f"[{table.class_name}.of_key]"}
        table.lines.append(
            f'of: "{parent.class_name}" = Relationship({populates}sa_relationship_kwargs={ways!r})'
        )
        table.relations.append(Relation("of", parent, False, (column,), back=back))
        if back:
            self.add_back(table, parent, "of", back, (column,), ways, kind == "same", "RESTRICT")

    def add_key_column(self, table: Table, name: str, kind_name: str) -> None:
        kind = KINDS[kind_name]
        options = ["primary_key=True", *([kind.options] if kind.options else [])]
        column = Column(name, name, kind_name, is_key=True, column=name)
        if kind.annotation == "int":
            options.append('sa_column_kwargs={"autoincrement": False}')
        if self.odd():
            column.wire = self.draw.choice(["the key", "the-key", "Key"]) + name
            options.append(f"alias={column.wire!r}")
        table.columns.append(column)
        table.lines.append(f"{name}: {kind.annotation} = Field({', '.join(options)})")

    # ---- columns ----

    def add_column(self, table: Table, name: str, kind_name: str) -> Column:
        kind = KINDS[kind_name]
        column = Column(name, name, kind_name, column=name)
        column.nullable = self.chance(0.5)
        options = [kind.options] if kind.options else []
        extra: dict[str, str] = {}
        self.draw_default(column, options, extra)
        self.draw_names(table, column, options, extra)
        self.draw_index(table, column, options)
        if self.chance(0.1):
            options.append('title="A title"')
        if self.chance(0.1):
            options.append('description="What it\'s for: \\"x\\" | `y`"')
        if extra:
            options.append(
                "sa_column_kwargs={" + ", ".join(f"{k!r}: {v}" for k, v in extra.items()) + "}"
            )
        annotation = f"{kind.annotation} | None" if column.nullable else kind.annotation
        value = f" = Field({', '.join(options)})" if options else ""
        table.columns.append(column)
        plain = {"index=True", "unique=True"}
        if (
            kind_name in TYPES
            and set(options) <= plain | {"default=None"}
            and not extra
            and self.chance(0.3)
        ):
            given = [f"nullable={column.nullable}", *(one for one in options if one in plain)]
            start = "default=None, " if column.nullable else ""
            value = f" = Field({start}sa_column=Column({', '.join([TYPES[kind_name], *given])}))"
        table.lines.append(f"{name}: {annotation}{value}")
        if kind_name in ("text", "long") and self.chance(0.2):
            column.is_lowered = True
            table.lines.append(
                _VALIDATOR.format(name=name, optional=" | None" if column.nullable else "")
            )
        return column

    def draw_default(self, column: Column, options: list[str], extra: dict[str, str]) -> None:
        kind = column.kind
        how = self.draw.choice(["none", "none", "constant", "server", "callable", "factory"])
        if column.nullable and how != "server":
            column.default = None
        if how == "constant" and kind.defaults:
            text, column.default = self.draw.choice(kind.defaults)
            options.append(f"default={text}")
        elif how == "factory" and kind.defaults:
            text, column.default = self.draw.choice(kind.defaults)
            options.append(f"default_factory=lambda: {text}")
        elif how == "callable" and kind.defaults and not column.nullable:
            text, column.default = self.draw.choice(kind.defaults)
            column.is_required = True  # by the model, which a session would not ask
            return
        elif how == "server" and kind.server_defaults and column.nullable:
            text, column.default = self.draw.choice(kind.server_defaults)
            extra["server_default"] = text
            options.append("default=None")
            column.is_settable = column.kind_name not in (
                "date",
                "moment",
                "zoned",
                "local",
                "naive",
                "time",
            )
        elif column.nullable:
            options.append("default=None")
            column.default = None
        else:
            return
        column.is_required = False

    def draw_index(self, table: Table, column: Column, options: list[str]) -> None:
        if not column.kind.operators:
            return
        is_wide = column.kind_name not in ("boolean", "color", "mood", "level")
        if is_wide and self.chance(0.12):
            column.is_unique = True
            options.append("unique=True")
            table.unique_keys.append([column])
        elif self.chance(0.15):
            options.append("index=True")

    def draw_names(
        self, table: Table, column: Column, options: list[str], extra: dict[str, str]
    ) -> None:
        taken = {one.wire for one in table.columns} | {one.name for one in table.columns}
        if self.odd() and self.chance(0.4):
            alias = self.draw.choice(ALIASES)
            if alias not in taken:
                column.wire = alias
                options.append(f"alias={alias!r}")
        if self.odd() and self.chance(0.4):
            name = self.draw.choice(COLUMNS)
            if name.lower() not in {one.column.lower() for one in table.columns} | set(NAMES):
                column.column = name
                extra["name"] = repr(name)

    def draw_checks(self, table: Table) -> None:
        for column in table.columns[1:]:
            if column.kind_name in ("integer", "small", "float") and self.chance(0.15):
                if "%" in column.column or ":" in column.column:
                    continue
                named = f", name='ck_{table.class_name}{column.name}'" if self.chance(0.5) else ""
                table.args.append(f"CheckConstraint({_quote(column) + ' <> 3'!r}{named})")
        plain = [c for c in table.columns if c.kind.operators and not c.is_key]
        if len(plain) > 1 and self.chance(0.25):
            pair = self.draw.sample(plain, 2)
            table.unique_keys.append(pair)
            table.args.append(f"UniqueConstraint({', '.join(repr(c.column) for c in pair)})")
        if plain and self.chance(0.2):
            one = self.draw.choice(plain)
            table.args.append(f"Index('ix_{table.class_name.lower()}', {one.column!r})")

    # ---- relations ----

    def refer(self, child: Table) -> None:
        i = self.tables.index(child)
        if i and self.chance(0.85):
            parent = self.draw.choice(self.tables[:i])
            self.add_reference(child, parent)
            if self.chance(0.2):
                self.add_reference(child, parent)
        if len(child.key) == 1 and self.chance(0.2):
            self.add_reference(child, child)

    def add_reference(self, child: Table, parent: Table) -> None:
        n = len([r for r in child.relations if not r.is_many])
        name = self.free(child, RELATIONS) if self.odd() else f"up{n}"
        is_self = child is parent
        nullable = is_self or self.chance(0.5)
        rule = self.draw.choice(self.rules if nullable else self.rules[:1])
        is_single = len(parent.key) == 1
        is_one = is_single and not is_self and self.chance(0.15)
        columns = [
            self.foreign_column(
                child, parent, key, name, nullable, rule if is_single else None, is_one
            )
            for key in parent.key
        ]
        if not is_single:
            ends = [f"{parent.name}.{key.column}" for key in parent.key]
            ondelete = f", ondelete={rule!r}" if rule else ""
            child.args.append(
                f"ForeignKeyConstraint({[c.column for c in columns]!r}, {ends!r}{ondelete})"
            )
        back = None
        if self.chance(0.75):
            back = self.free(parent, MANY) if self.odd() else f"down{child.class_name}{n}"
        own = f"[{', '.join(f'{child.class_name}.{c.name}' for c in columns)}]"
        there: dict[str, Any] = {"foreign_keys": own}
        here = dict(there)
        if is_self:
            here["remote_side"] = f"{child.class_name}.{parent.key[0].name}"
        populates = f"back_populates={back!r}, " if back else ""
        annotation = (
            f'Optional["{parent.class_name}"]'
            if nullable or self.chance(0.5)
            else f'"{parent.class_name}"'
        )
        child.lines.append(
            f"{name}: {annotation} = Relationship({populates}sa_relationship_kwargs={here!r})"
        )
        child.relations.append(Relation(name, parent, False, tuple(columns), back=back))
        if back:
            self.add_back(child, parent, name, back, tuple(columns), there, is_one, rule)

    def add_back(
        self,
        child: Table,
        parent: Table,
        name: str,
        back: str,
        columns: tuple[Column, ...],
        there: dict[str, Any],
        is_one: bool,
        rule: str,
    ) -> None:
        cascade = ", cascade_delete=True" if self.chance(0.25) else ""
        passive = ', passive_deletes="all"' if rule and not cascade and self.chance(0.3) else ""
        annotation = f'Optional["{child.class_name}"]' if is_one else f'list["{child.class_name}"]'
        if is_one:
            there = there | {"uselist": False}
        parent.lines.append(
            f"{back}: {annotation} = Relationship(back_populates={name!r}{cascade}{passive}, "
            f"sa_relationship_kwargs={there!r})"
        )
        parent.relations.append(Relation(back, child, not is_one, columns, back=name))

    def foreign_column(
        self,
        child: Table,
        parent: Table,
        key: Column,
        relation: str,
        nullable: bool,
        rule: str | None,
        is_one: bool,
    ) -> Column:
        name = f"{relation}_{key.name}"
        column = Column(name, name, key.kind_name, nullable, not nullable, column=name)
        column.reference = (parent, key)
        kind = key.kind
        options = ["default=None"] if nullable else []
        column.default = None if nullable else MISSING
        if rule is not None:
            options.append(f"foreign_key={f'{parent.name}.{key.column}'!r}")
            if rule:
                options.append(f"ondelete={rule!r}")
        if is_one:
            options.append("unique=True")
            child.unique_keys.append([column])
            column.is_unique = True
        elif self.chance(0.3):
            options.append("index=True")
        if kind.options:
            options.append(kind.options)
        annotation = f"{kind.annotation} | None" if nullable else kind.annotation
        if child.is_camel:
            column.wire = to_camel(name)
        child.columns.append(column)
        child.lines.append(f"{name}: {annotation} = Field({', '.join(options)})")
        return column

    def free(self, table: Table, names: tuple[str, ...]) -> str:
        taken = {c.name for c in table.columns} | {r.name for r in table.relations}
        taken |= {c.wire for c in table.columns}
        return self.draw.choice([name for name in names if name not in taken])

    def link(self) -> None:
        ends = [table for table in self.tables if len(table.key) == 1]
        if len(ends) < 2:
            return
        left, right = self.draw.sample(ends, 2)
        link = Table("Link0", "link0", is_link=True)
        for end, name in ((left, "left"), (right, "right")):
            key = end.key[0]
            column = Column(f"{name}_key", f"{name}_key", key.kind_name, is_key=True)
            column.column, column.reference = column.name, (end, key)
            options = [f"foreign_key={f'{end.name}.{key.column}'!r}", "primary_key=True"]
            if self.chance(0.2):
                options.append('ondelete="CASCADE"')
            if key.kind.options:
                options.append(key.kind.options)
            link.columns.append(column)
            link.lines.append(f"{column.name}: {key.kind.annotation} = Field({', '.join(options)})")
        link.unique_keys.append(link.key)
        if self.chance(0.4):
            extra = self.add_column(
                link, "payload", self.draw.choice(["integer", "text", "date", "moment"])
            )
            if extra.is_required:
                link.args.append("")
        link.args = [one for one in link.args if one]
        rights, lefts = self.free(left, MANY), self.free(right, MANY)
        both = self.chance(0.7)
        self.link_end(left, right, rights, lefts if both else None)
        if both:
            self.link_end(right, left, lefts, rights)
        self.links.append(link)

    def link_end(self, here: Table, there: Table, name: str, back: str | None) -> None:
        populates = f"back_populates={back!r}, " if back else ""
        here.lines.append(
            f'{name}: list["{there.class_name}"] = Relationship({populates}link_model=Link0)'
        )
        here.relations.append(Relation(name, there, True, is_link=True, back=back))

    # ---- resources ----

    def finish(self, table: Table) -> None:
        self.draw_marks(table)
        self.draw_computed(table)
        self.draw_open_relations(table)
        self.draw_options(table)
        has_own_names = table.is_camel or any(c.wire != c.name for c in table.columns)
        has_own_names |= table.is_partly_seen
        # Bytes are as Pydantic has them in schemas of the user's own.
        has_own_names |= any(c.kind_name == "bytes" for c in table.columns)
        if not has_own_names and self.chance(0.15):
            self.draw_schemas(table)
        elif table.counts_itself and self.chance(0.1):
            table.arguments["writable"] = [table.key[0].wire]
            table.key[0].is_settable = True
            table.key[0].is_required = False

    def draw_open_relations(self, table: Table) -> None:
        included = [r for r in table.relations if self.chance(0.7)]
        for relation in included:
            relation.included = True
        if included:
            table.arguments["includes"] = [r.name for r in included]
            if self.chance(0.3):
                table.arguments["include_by_default"] = [self.draw.choice(included).name]
        nested = [r for r in table.relations if not r.is_link and self.chance(0.3)]
        for relation in nested:
            relation.nested = True
        if nested:
            table.arguments["nested_writes"] = [r.name for r in nested]

    def draw_options(self, table: Table) -> None:
        arguments, last = table.arguments, table.columns[-1]
        text = [c for c in table.columns if "icontains" in c.kind.operators and c.is_queryable]
        if text and self.chance(0.3):
            arguments["filters"] = {text[0].wire: "icontains"}
        if self.chance(0.15):
            arguments["max_limit"] = table.max_limit = 3
            arguments["default_limit"] = 2
        if last.is_settable and not last.is_required and not last.is_key and self.chance(0.1):
            arguments["read_only"] = [last.wire]
            last.is_settable = False
        if self.chance(0.3):
            arguments["changes"] = "Changes()"
            table.has_changes = True
        if self.chance(0.08):
            arguments["require_if_match"] = True
            table.needs_match = True

    def draw_schemas(self, table: Table) -> None:
        """Schemas of the user's own, which leave constraints to the table."""
        table.style = "own"
        name, settable = table.class_name, table.settable
        create = [f"    {c.name}: {_annotation(c, c.is_required)}" for c in settable]
        change = [f"    {c.name}: {_annotation(c, False)}" for c in settable if not c.is_key]
        shown = [c for c in table.columns if c.is_shown and c.name != "label"]
        read = [f"    {c.name}: {c.kind.annotation}{' | None' * c.nullable}" for c in shown]
        base = self.draw.choice(["SQLModel", "BaseModel"])
        for kind, lines in (("Create", create), ("Update", change), ("Read", read)):
            table.schemas.append(
                "\n".join([f"class {name}{kind}({base}):", *(lines or ["    pass"])]) + "\n"
            )
            table.arguments[f"{kind.lower()}_schema"] = f"{name}{kind}"
        for column in table.columns:
            column.is_lowered = False
            if column.is_settable and not column.is_required and not column.nullable:
                column.default = MISSING if column.default is None else column.default
        table.columns = [c for c in table.columns if c.name != "label"]

    def draw_marks(self, table: Table) -> None:
        if self.chance(0.12):
            column = Column(
                "rev", "rev", "integer", is_required=False, is_settable=False, column="rev"
            )
            column.wire = to_camel("rev")
            table.columns.append(column)
            table.lines.append("rev: int = 1")
            table.version = table.arguments["version"] = "rev"
        if self.chance(0.15):
            column = Column(*("gone_at", "gone_at", "moment", True, False, False), column="gone_at")
            column.wire = to_camel("gone_at") if table.is_camel else "gone_at"
            table.columns.append(column)
            table.lines.append("gone_at: datetime | None = None")
            table.arguments["soft_delete"] = column.wire
            table.is_soft = True
        if self.has_callers:
            self.draw_policy(table)
        if self.chance(0.15):
            table.lines.append(_MODEL_VALIDATOR)

    def draw_policy(self, table: Table) -> None:
        table.policies = True
        how = self.draw.choice(["everyone", "own", "admin", "fields"])
        policy = "Policy(read=everyone)"
        if how == "own":
            wire = to_camel("owned_by") if table.is_camel else "owned_by"
            table.columns.append(
                Column("owned_by", wire, "integer", True, False, False, column="owned_by")
            )
            table.lines.append("owned_by: int | None = None")
            policy = f"Policy(read=({table.class_name}.owned_by == me.id) | me.is_admin)"
            table.arguments["assign_on_create"] = f'{{"{wire}": me.id}}'
        elif how == "admin":
            policy = "Policy(read=everyone, delete=me.is_admin)"
        elif how == "fields":
            able = [c for c in table.columns if c.is_settable and c.is_shown and not c.is_required]
            plain = [column for column in able if not column.is_key]
            if plain:
                table.is_partly_seen = True
                plain[0].is_settable = False
                policy = (
                    f"Policy(read=everyone, fields={{{plain[0].wire!r}: "
                    "FieldPolicy(read=me.is_admin, write=nobody)})"
                )
        if table.is_soft and self.chance(0.5):
            policy = policy[:-1] + ", restore=everyone)"
        table.arguments["policy"] = policy

    def draw_computed(self, table: Table) -> None:
        bounded = [c for c in table.columns if c.kind_name == "bounded"]
        if bounded and self.chance(0.5):
            one = bounded[0]
            table.after.append(
                f"{table.class_name}.more = column_property(col({table.class_name}.{one.name}) + 1)"
            )
            self.add_shown(table, "more", "integer", nullable=one.nullable)
        if bounded and not set(bounded[0].column) & set("%:") and self.chance(0.5):
            table.lines.append(
                "twice: int | None = Field(default=None, sa_column=Column(Integer, "
                f"Computed({_quote(bounded[0]) + ' * 2'!r}, persisted=True)))"
            )
            self.add_shown(table, "twice", "integer", nullable=True)
        many = [r for r in table.relations if r.is_many and not r.is_link and r.target is not table]
        if many and len(table.key) == 1 and self.chance(0.2):
            there = f"{many[0].target.class_name}.{many[0].columns[0].name}"
            here = f"{table.class_name}.{table.key[0].name}"
            count = f"select(func.count()).where({there} == {here})"
            table.arguments["computed"] = f'{{"n_kids": {count}}}'
            self.add_shown(table, "n_kids", "integer", nullable=False)
        if self.chance(0.1):
            name = table.columns[0].name
            table.lines.append(_COMPUTED.format(name=name))
            self.add_shown(table, "label", "text", nullable=False)
            table.columns[-1].is_queryable = False

    def add_shown(self, table: Table, name: str, kind: str, *, nullable: bool) -> None:
        wire = to_camel(name) if table.is_camel else name
        table.columns.append(
            Column(name, wire, kind, nullable, is_required=False, is_settable=False, column=name)
        )

    # ---- text ----

    def write(self, tables: list[Table]) -> str:
        parts = [HEAD, *(self.write_class(table) for table in tables)]
        parts += ["\n".join(line for table in tables for line in table.after)]
        parts += [text for table in tables for text in table.schemas]
        resources = [table for table in tables if not table.is_link or self.chance(0.4)]
        for table in tables:
            if table not in resources:
                table.path = ""
        for table in resources:
            table.path = f"/{table.name}"
        if self.has_callers:
            for table in resources:
                table.arguments.setdefault("policy", "Policy(read=everyone)")
        parts += [
            "RESOURCES = (\n"
            + "".join(f"    {_write_resource(table)},\n" for table in resources)
            + ")\n"
        ]
        return "\n\n".join(parts)

    def write_class(self, table: Table) -> str:
        lines = [f"class {table.class_name}({table.base}, table=True):"]
        lines.append(f"    __tablename__ = {table.name!r}")
        if table.args:
            lines.append(f"    __table_args__ = ({', '.join(table.args)},)")
        lines.append("")
        lines += [f"    {line}" for text in table.lines for line in text.split("\n")]
        return "\n".join(lines) + "\n"


def _write_resource(table: Table) -> str:
    words = {
        "policy",
        "assign_on_create",
        "changes",
        "computed",
        "create_schema",
        "update_schema",
        "read_schema",
    }
    given = [
        f"{name}={value if name in words else repr(value)}"
        for name, value in table.arguments.items()
    ]
    return f"Resource({', '.join([table.class_name, *given])})"


def _annotation(column: Column, is_required: bool) -> str:
    annotation = column.kind.annotation
    if is_required:
        return f"{annotation} | None" if column.nullable else annotation
    return f"{annotation} | None = None"


def _quote(column: Column) -> str:
    return '"' + column.column.replace('"', '""') + '"'


_VALIDATOR = """
@field_validator("{name}")
@classmethod
def lower_{name}(cls, value: str{optional}) -> str{optional}:
    return value and value.lower()
"""

_MODEL_VALIDATOR = """
@model_validator(mode="after")
def look(self):
    return self
"""

_COMPUTED = """
@computed_field
@property
def label(self) -> str:
    return f"row {{self.{name}}}"
"""


def columns_of(tables: list[Table]) -> Iterator[tuple[Table, Column]]:
    """Each column with its table."""
    for table in tables:
        yield from ((table, column) for column in table.columns)
