// What a list is narrowed down by: words, and conditions on its fields.
import FilterIcon from "@mui/icons-material/FilterList";
import SearchIcon from "@mui/icons-material/Search";
import { Box, Button, Chip, InputAdornment, MenuItem, Popover, Stack, TextField, ToggleButton } from "@mui/material";
import { useEffect, useRef, useState } from "react";
import { Form, TextInput, useListContext, useGetOne } from "react-admin";
import { operatorsOf, type ResourceDescription } from "../description";
import { nameCondition, readCondition, type Condition, type Filters } from "../query";
import { labelOf, useDescription, useShared } from "./context";
import { FieldInput } from "./Inputs";
import { callRow } from "./Value";

const PAUSE_MS = 400; // after the last key of a search

const WORDS: Record<string, string> = {
  eq: "is", ne: "is not", in: "is one of", not_in: "is none of", isnull: "is empty",
  gt: "is greater than", gte: "is at least", lt: "is less than", lte: "is at most", between: "is between",
  icontains: "contains", istartswith: "starts with", iendswith: "ends with",
  contains: "contains (exact case)", startswith: "starts with (exact case)", endswith: "ends with (exact case)",
  ilike: "matches the pattern", like: "matches the pattern (exact case)", has: "has",
};
const ORDER = Object.keys(WORDS);
const LISTS = ["in", "not_in"];

export function FilterBar() {
  const resource = useDescription();
  const { filterValues, setFilters } = useListContext();
  const filters = filterValues as Filters;
  // What has been set last, which may not be shown yet.
  const latest = useRef(filters);
  useEffect(() => void (latest.current = filters), [filters]);
  const set = (next: Filters) => {
    latest.current = next;
    setFilters(next, undefined);
  };
  const add = (more: Filters) => set({ ...latest.current, ...more });
  const without = (name: string) =>
    set(Object.fromEntries(Object.entries(latest.current).filter(([each]) => each !== name)));
  return (
    <Stack direction="row" useFlexGap spacing={1} sx={{ flexWrap: "wrap", alignItems: "center", px: 2, py: 1.5 }} role="search">
      {resource.search && <Search value={typeof filters.q === "string" ? filters.q : ""} onChange={(q) => add({ q })} />}
      <AddFilter resource={resource} onAdd={(condition) => add({ [nameCondition(condition)]: condition })} />
      {resource.deleted.includes("only") && (
        <ToggleButton
          value="deleted"
          size="small"
          selected={filters.deleted === "only"}
          onChange={() => (filters.deleted ? without("deleted") : add({ deleted: "only" }))}
        >
          Deleted
        </ToggleButton>
      )}
      {Object.entries(filters).map(([name, value]) => {
        const told = readCondition(name, value);
        if (!told) return null;
        const { field, condition } = told;
        return <Chip key={name} label={<Told resource={resource} name={field} condition={condition} />} onDelete={() => without(name)} />;
      })}
    </Stack>
  );
}

function Search({ value, onChange }: { value: string; onChange(value: string): void }) {
  const [text, setText] = useState(value);
  const timer = useRef<number>(undefined);
  const change = useRef(onChange);
  useEffect(() => void (change.current = onChange));
  useEffect(() => () => clearTimeout(timer.current), []);
  const sent = useRef<string[]>([]);
  useEffect(() => {
    // What was sent from here comes back behind what has been typed since.
    const at = sent.current.indexOf(value);
    if (at >= 0) {
      sent.current.splice(0, at + 1);
      return;
    }
    clearTimeout(timer.current);
    setText(value);
  }, [value]);

  function send(next: string) {
    if (next !== value) sent.current.push(next);
    change.current(next);
  }

  return (
    <TextField
      size="small"
      variant="outlined"
      placeholder="Search"
      fullWidth={false}
      margin="none"
      sx={{ width: { xs: "100%", sm: "16rem" } }}
      value={text}
      onChange={(event) => {
        const next = event.target.value;
        setText(next);
        clearTimeout(timer.current);
        timer.current = window.setTimeout(() => send(next), PAUSE_MS);
      }}
      slotProps={{
        htmlInput: { "aria-label": "Search", type: "search" },
        input: { startAdornment: <InputAdornment position="start"><SearchIcon fontSize="small" /></InputAdornment> },
      }}
    />
  );
}

interface ToldProps {
  resource: ResourceDescription;
  name: string;
  condition: Condition;
}

/** A condition in words. */
function Told({ resource, name, condition: { op, value } }: ToldProps) {
  const label = labelOf(resource, name);
  const target = resource.picks[name];
  if (op === "isnull") return <>{label} {String(value) === "true" ? "is empty" : "is not empty"}</>;
  const word = WORDS[op] ?? op;
  if (target && (op === "eq" || op === "ne")) return <>{label} {word} <Picked target={target} id={String(value)} /></>;
  const text = Array.isArray(value) ? value.join(op === "between" ? " and " : ", ") : String(value);
  return <>{label} {word} {text}</>;
}

function Picked({ target, id }: { target: string; id: string }) {
  const { data } = useGetOne(target, { id });
  const found = useShared().resources.get(target)!;
  return <>{callRow(found, { id, ...data })}</>;
}

function AddFilter({ resource, onAdd }: { resource: ResourceDescription; onAdd(condition: Condition): void }) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <>
      <Button startIcon={<FilterIcon />} onClick={(event) => setAnchor(event.currentTarget)} aria-haspopup="dialog">Filter</Button>
      <Popover
        open={anchor !== null}
        anchorEl={anchor}
        onClose={() => setAnchor(null)}
        anchorOrigin={{ vertical: "bottom", horizontal: "left" }}
        slotProps={{ paper: { role: "dialog", "aria-label": "Filter" } }}
      >
        <Editor
          resource={resource}
          onDone={(condition) => {
            setAnchor(null);
            onAdd(condition);
          }}
        />
      </Popover>
    </>
  );
}

interface EditorProps {
  resource: ResourceDescription;
  onDone(condition: Condition): void;
}

function Editor({ resource, onDone }: EditorProps) {
  const operators = operatorsOf(resource);
  const names = [...operators.keys()];
  const [name, setName] = useState(names[0]!);
  const known = ORDER.filter((op) => operators.get(name)?.includes(op));
  const [chosen, setOperator] = useState(known[0]!);
  const op = known.includes(chosen) ? chosen : known[0]!;
  const submit = (values: Record<string, unknown>) => onDone({ field: name, op, value: readValue(op, values) });
  return (
    <Form key={`${name} ${op}`} onSubmit={submit} {...(op === "isnull" ? { defaultValues: { value: true } } : {})}>
      <Stack spacing={1} sx={{ p: 2, width: "min(20rem, 90vw)" }}>
        <Choice label="Field" value={name} onChange={setName} choices={names.map((each) => [each, labelOf(resource, each)])} />
        <Choice label="Condition" value={op} onChange={setOperator} choices={known.map((each) => [each, WORDS[each]!])} />
        <Box><ValueInput resource={resource} name={name} op={op} /></Box>
        <Button type="submit" variant="contained">Apply</Button>
      </Stack>
    </Form>
  );
}

function ValueInput({ resource, name, op }: { resource: ResourceDescription; name: string; op: string }) {
  if (op === "isnull") return null;
  if (LISTS.includes(op)) return <TextInput source="value" label="Values, with commas between them" helperText={false} fullWidth />;
  if (op === "between") {
    return (
      <>
        <FieldInput resource={resource} name={name} source="from" isFilter />
        <FieldInput resource={resource} name={name} source="to" isFilter />
      </>
    );
  }
  return <FieldInput resource={resource} name={name} source="value" isFilter />;
}

function readValue(op: string, values: Record<string, unknown>): unknown {
  if (op === "isnull") return true;
  if (op === "between") return [values.from, values.to];
  if (LISTS.includes(op)) return String(values.value ?? "").split(",").map((each) => each.trim());
  return values.value;
}

interface ChoiceProps {
  label: string;
  value: string;
  choices: [string, string][];
  onChange(value: string): void;
}

export function Choice({ label, value, choices, onChange }: ChoiceProps) {
  return (
    <TextField select size="small" label={label} value={value} onChange={(event) => onChange(event.target.value)} fullWidth>
      {choices.map(([id, name]) => <MenuItem key={id} value={id}>{name}</MenuItem>)}
    </TextField>
  );
}
