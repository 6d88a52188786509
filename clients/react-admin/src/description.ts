// What `GET /admin/resources` tells of each resource, as the caller may see and set its fields.

export type May = "all" | "some" | "none";

export type Kind =
  | "integer" | "number" | "decimal" | "boolean" | "text" | "UUID" | "enum"
  | "datetime" | "local" | "date" | "time" | "interval" | "bytes" | "JSON" | "other";

export interface FieldDescription {
  type?: string;
  format?: string;
  description?: string;
  enum?: (string | number)[];
  default?: unknown;
  maxLength?: number;
  minLength?: number;
  minimum?: number;
  maximum?: number;
  nullable?: boolean;
  required?: boolean;
  unique?: boolean;
  read_only?: boolean;
  write_only?: boolean;
  set_once?: boolean;
  no_filters?: boolean;
}

export interface ResourceDescription {
  name: string;
  title: string;
  path: string;
  about?: string;
  may: { read: May; create: May; update: May; delete: May };
  key: string[];
  fields: Record<string, FieldDescription>;
  kinds: Record<string, Kind>;
  operators: Record<string, string>;
  operations: string[];
  picks: Record<string, string>;
  /** The relations that lead from a field to the row that it refers to. */
  ways: Record<string, string>;
  links: Record<string, string>;
  sorts: string[];
  search: boolean;
  deleted: string[];
  restores: boolean;
  /** Whether a change has to say what it is a change of: then none can be of many rows. */
  requires_if_match: boolean;
  history?: boolean;
  rows_at_most: { page: number; bulk: number };
}

export type Action = "create" | "update" | "delete";

/** Whether there is a way to do something with one row, and the caller may do it to some. */
export function can(resource: ResourceDescription, action: Action): boolean {
  return resource.may[action] !== "none" && resource.operations.includes(action);
}

/** Whether many rows can be changed or deleted at once. */
export function canMany(resource: ResourceDescription, action: "update" | "delete"): boolean {
  const isServed = resource.operations.includes(`bulk_${action}`) && !resource.requires_if_match;
  return isServed && resource.may[action] !== "none";
}

// Names that mean something else in a record or its form: the key of every record, the errors of a whole form, and what
// every object has.
const TAKEN = new Set(["id", "root", ...Object.getOwnPropertyNames(Object.prototype)]);

/** Where a record, and a form of it, have the value of a field. */
export function sourceOf(resource: ResourceDescription, field: string): string {
  const isKey = resource.key.length === 1 && resource.key[0] === "id";
  return TAKEN.has(field) && !(field === "id" && isKey) ? `$${field}` : field;
}

/** The operators of each field that can be filtered by. */
export function operatorsOf(resource: ResourceDescription): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [names, operators] of Object.entries(resource.operators)) {
    for (const name of names.split(",")) found.set(name, operators.split(" "));
  }
  return new Map(Object.keys(resource.fields).flatMap((n) => (found.has(n) ? [[n, found.get(n)!]] : [])));
}

export function shownFields(resource: ResourceDescription): string[] {
  return Object.keys(resource.fields).filter((name) => !resource.fields[name]!.write_only);
}

/** The fields that a form has: those that can be set, when a row is created or later. */
export function settableFields(resource: ResourceDescription, isNew: boolean): string[] {
  return Object.entries(resource.fields)
    .filter(([, field]) => !field.read_only && (isNew || !field.set_once))
    .map(([name]) => name);
}

const NAMES = ["name", "title", "label", "username", "full_name", "code", "number", "sku", "email", "subject"];

/** The field that tells rows apart for people: one of a usual name, another text, or the key. */
export function nameOf(resource: ResourceDescription): string {
  const texts = shownFields(resource).filter((n) => resource.kinds[n] === "text" && !(n in resource.picks));
  return (
    NAMES.find((name) => texts.includes(name)) ??
    texts.find((name) => resource.fields[name]!.unique) ??
    texts[0] ??
    resource.key[0] ??
    "id"
  );
}
