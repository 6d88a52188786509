// Parts of queries and paths.

import type { Resource, Scalar } from "./types.js";

export type Parameters = Map<string, string | string[]>;

export type Operand = Scalar | readonly Scalar[];

export interface Comparison {
  readonly name: string;
  readonly operand: Operand;
  /** Whether it compares a part of a document whose type is unknown. */
  readonly isInside: boolean;
}

export function comparison(name: string, value: unknown, isInside = false): Comparison {
  if (value === undefined || value === null)
    throw new TypeError(`${name}: ${value} is no operand; use isnull`);
  if (Array.isArray(value) && value.length === 0)
    throw new TypeError(`${name}: an empty list matches nothing`);
  return { name, operand: value as Operand, isInside };
}

export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** A comparison in a logical expression, in which any text may be quoted. */
export function compared({ name, operand }: Comparison): string {
  const scalar = (one: Scalar) => (typeof one === "string" ? quoted(one) : String(one));
  return `${name}:${operand instanceof Array ? `(${operand.map(scalar).join(",")})` : scalar(operand)}`;
}

export function all(terms: string[]): string {
  if (terms.length === 0) throw new TypeError("or, not: an element without a filter");
  return terms.length === 1 ? terms.join() : `and(${terms.join(",")})`;
}

/** The value of `or`: at least one of the first terms must hold, and none of the others. */
export function logic(some: string[], none: string[]): string | undefined {
  const one = some.join(",");
  if (none.length === 0) return some.length === 0 ? undefined : `(${one})`;
  const terms = none.map((term) => `not(${term})`);
  return `(${all(some.length === 0 ? terms : [`or(${one})`, ...terms])})`;
}

export function set(parameters: Parameters, name: string, value: Scalar | undefined): void {
  if (value !== undefined) parameters.set(name, String(value));
}

export function join(
  parameters: Parameters,
  name: string,
  values: readonly string[] | undefined,
): void {
  if (values !== undefined) parameters.set(name, values.join(","));
}

export function search(parameters: Parameters): string {
  const pairs = [...parameters].flatMap(([name, value]) => {
    // A list of one value would be split at commas; with the value twice, it is not.
    const values =
      typeof value === "string" ? [value] : value.length === 1 ? [...value, ...value] : value;
    return values.map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one)}`);
  });
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

export function keyValues(resource: Resource, target: unknown): Scalar[] {
  if (typeof target !== "object" || target === null) return [target as Scalar];
  const row = target as Readonly<Record<string, Scalar | undefined>>;
  return resource.key.map((name) => {
    const value = row[name];
    if (value === undefined) throw new TypeError(`The row lacks its key: ${name}`);
    return value;
  });
}

const WORDS = ["bulk", "stream", "query", "aggregate", "changes"];

export function keyOf(resource: Resource, target: unknown): string {
  const key = keyValues(resource, target)
    .map((value) => encodeURIComponent(String(value)))
    .join(",");
  if (key === "." || key === "..") throw new TypeError(`No URL leads to the key ${key}`);
  return WORDS.includes(key) ? `%${key.charCodeAt(0).toString(16)}${key.slice(1)}` : key;
}
