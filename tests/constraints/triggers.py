"""Triggers that refuse rows, and one that writes to another table."""

from sqlalchemy import DDL, MetaData, event

_RAISE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.name = 'kept' THEN RAISE EXCEPTION 'secret: guarded.name'; END IF;
    IF OLD.name = 'stuck' THEN RETURN NULL; END IF;
    RETURN OLD;
  END IF;
  IF NEW.name = 'bad' THEN RAISE EXCEPTION 'secret: guarded.name'; END IF;
  IF NEW.name = 'worse' THEN RAISE 'secret' USING ERRCODE = '45000'; END IF;
  IF NEW.name = 'worst' THEN RAISE 'secret' USING ERRCODE = 'no_data_found'; END IF;
  IF NEW.name = 'ignored' THEN RETURN NULL; END IF;
  RETURN NEW;
END $$"""
_RAISING = """
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON guarded
  FOR EACH ROW EXECUTE FUNCTION refuse()
"""
_AUDIT = """
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO audits (name) VALUES (NEW.name); RETURN NEW;
END $$"""
_AUDITING = """
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON quarantined FOR EACH ROW EXECUTE FUNCTION audit()
"""


def _on_sqlite(when: str) -> list[str]:
    named = "OLD" if when == "DELETE" else "NEW"
    said = ", 'secret: guarded.name'"
    raised = {
        "bad": f"ABORT{said}", "worse": f"FAIL{said}", "worst": f"ABORT{said}",
        "ignored": "IGNORE", "undoing": f"ROLLBACK{said}",
    }  # fmt: skip
    if when == "DELETE":
        raised = {"kept": f"ABORT{said}", "stuck": "IGNORE"}
    return [
        f"CREATE TRIGGER {name}_{when} BEFORE {when} ON guarded WHEN {named}.name = '{name}' "
        f"BEGIN SELECT RAISE({action}); END"
        for name, action in raised.items()
    ]


_TRIGGERS = {
    "postgresql": [_RAISE, _RAISING, _AUDIT, _AUDITING],
    "sqlite": [
        *(sql for when in ("INSERT", "UPDATE", "DELETE") for sql in _on_sqlite(when)),
        *(
            f"CREATE TRIGGER audit_{when} AFTER {when} ON quarantined "
            "BEGIN INSERT INTO audits (name) VALUES (NEW.name); END"
            for when in ("INSERT", "UPDATE")
        ),
    ],
}


def create_triggers(metadata: MetaData) -> None:
    """Have the triggers created with the tables."""
    for dialect, statements in _TRIGGERS.items():
        for sql in statements:
            ddl = DDL(sql.replace("%", "%%")).execute_if(dialect=dialect)
            event.listen(metadata, "after_create", ddl)
