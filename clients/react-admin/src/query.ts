// What React-admin wants of a list, as the parameters of a query.
import type { ResourceDescription } from "./description";

/** A filter by an operator: `{ op: "gte", value: 18 }`; of the field that has the filter's name, or else of `field`. */
export interface Condition {
  field?: string;
  op: string;
  value: unknown;
}

export type Filters = Record<string, unknown>;

const RESERVED = new Set([
  "skip", "limit", "cursor", "count", "sort", "fields", "include", "format", "group", "measures", "having", "tz",
]);
/** Filters that are no conditions on a field, also where a field has that name. */
const THEMSELVES = new Set(["q", "or", "deleted"]);
const LISTS = new Set(["in", "not_in", "between"]);

/** A filter as a condition on a field; undefined for those that are none. */
export function readCondition(name: string, value: unknown): { field: string; condition: Condition } | undefined {
  if (isCondition(value)) return { field: value.field ?? name, condition: value };
  if (THEMSELVES.has(name) || value === undefined || value === "") return undefined;
  const [field = name, op] = name.split("__");
  if (value === null) return { field, condition: { op: "isnull", value: true } };
  return { field, condition: { op: op ?? (Array.isArray(value) ? "in" : "eq"), value } };
}

const isCondition = (value: unknown): value is Condition =>
  typeof value === "object" && value !== null && "op" in value;

/** The name of a condition among filters, which is not that of any field, nor of what is no condition. */
export const nameCondition = ({ field, op }: Condition): string => `${field} ${op}`;

/** Whether some filter is set that narrows a list down. */
export function hasFilters(filters: Filters | undefined): boolean {
  return [...writeFilters(filters ?? {}).keys()].some((name) => name !== "deleted");
}

/**
 * Writes filters as parameters.
 *
 * `name: "x"` compares by the field's default operator, `age__gte: 18` and `age: { op: "gte", value: 18 }` by the one
 * that is named; a list means any of its values, null that there is none. `q`, `or` and `deleted` are themselves.
 */
export function writeFilters(filters: Filters, resource?: ResourceDescription): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) {
    if (isCondition(value)) addCondition(query, value.field ?? name, value);
    else if (Array.isArray(value)) addCondition(query, name, { op: "in", value });
    else if (value === null) query.append(`${name}__isnull`, "true");
    else if (value !== undefined && value !== "") query.append(spell(name, resource), String(value));
  }
  return query;
}

function spell(name: string, resource: ResourceDescription | undefined): string {
  const isColumn = resource !== undefined && name in resource.fields && RESERVED.has(name);
  return isColumn ? `${name}__eq` : name;
}

function addCondition(query: URLSearchParams, name: string, { op, value }: Condition): void {
  if (value === undefined || value === null) return;
  const values = Array.isArray(value) ? value.map(String) : [String(value)];
  // Of several, each is taken whole; one alone would be cut at its commas.
  if (op === "in" && Array.isArray(value) && values.length === 1) query.append(`${name}__eq`, values[0]!);
  else if (LISTS.has(op)) for (const each of values) query.append(`${name}__${op}`, each);
  else query.append(`${name}__${op}`, values[0]!);
}
