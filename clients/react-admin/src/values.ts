// Rows of the API as records of React-admin, and back, without losing a digit.
//
// A record has its key as text in `id` (unless the key is a field of that name), integers that JavaScript can't hold
// and decimals as texts, and JSON columns as JSON texts.
import { LosslessNumber, isSafeNumber, parse, stringify } from "lossless-json";
import { sourceOf, type Kind, type ResourceDescription } from "./description";

export type Row = Record<string, unknown>;

export interface AdminRecord extends Row {
  id: string | number;
  /** The entity tag of the row, where it was read by itself. */
  $etag?: string;
}

/** Parses JSON; its numbers stay as they are written. */
export const parseJSON = (text: string): unknown => parse(text);

export const writeJSON = (value: unknown): string => stringify(value) ?? "null";

/** A JSON value without lossless numbers: those that are too long are texts. Its objects have the names of JSON alone. */
export function toPlain(value: unknown): unknown {
  if (value instanceof LosslessNumber) return toNumber(value);
  if (Array.isArray(value)) return value.map(toPlain);
  if (value === null || typeof value !== "object") return value;
  const plain = Object.create(null) as Row;
  for (const [name, each] of Object.entries(value)) plain[name] = toPlain(each);
  return plain;
}

function toNumber(value: LosslessNumber): number | string {
  const isWhole = /^-?\d+$/.test(value.value);
  return !isWhole || isSafeNumber(value.value) ? Number(value.value) : value.value;
}

export function toRecord(resource: ResourceDescription, row: Row, etag?: string): AdminRecord {
  const record: AdminRecord = { id: keyOf(resource, row) };
  for (const [name, value] of Object.entries(row)) {
    if (name in resource.fields) record[sourceOf(resource, name)] = toValue(resource.kinds[name]!, value);
  }
  if (etag !== undefined) record.$etag = etag;
  return record;
}

function toValue(kind: Kind, value: unknown): unknown {
  if (kind === "JSON") return value === null ? null : stringify(value, undefined, 2);
  return toPlain(value);
}

/** A key as paths have it: parts of a composite one with commas between them. */
export function keyOf(resource: ResourceDescription, row: Row): string | number {
  const parts = resource.key.map((name) => toPlain(row[name]));
  if (parts.length === 1) return parts[0] as string | number;
  return parts.map((part) => String(part).replaceAll("%", "%25").replaceAll(",", "%2C")).join(",");
}

const WORDS = new Set(["bulk", "stream", "query", "aggregate", "changes"]);
const PATHLESS = new Set(["", ".", ".."]);

/** Whether a path can stand for a key: browsers take `.` and `..` off, also if they are encoded. */
export const hasPath = (resource: ResourceDescription, id: unknown): boolean =>
  resource.key.length > 1 || !PATHLESS.has(String(id));

/** The segment of a path that stands for a key. */
export function pathOfKey(resource: ResourceDescription, id: unknown): string {
  const text = String(id);
  if (resource.key.length > 1) return encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%25", "%");
  if (!WORDS.has(text)) return encodeURIComponent(text);
  return `%${text.charCodeAt(0).toString(16).toUpperCase()}${text.slice(1)}`;
}

/** A key as a body has it. */
export function keyInBody(resource: ResourceDescription, id: unknown): unknown {
  const name = resource.key[0];
  return resource.key.length === 1 && name ? toWire(resource.kinds[name] ?? "text", id) : String(id);
}

export class InvalidJSON extends Error {}

/** A value of a record as a body has it. */
export function toWire(kind: Kind, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (kind === "JSON") {
    try {
      return parse(String(value));
    } catch (error) {
      throw new InvalidJSON((error as Error).message);
    }
  }
  const isNumber = kind === "integer" || kind === "number" || kind === "enum";
  if (isNumber && typeof value === "string" && kind !== "enum") {
    return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value.trim()) ? new LosslessNumber(value.trim()) : value;
  }
  return value;
}
