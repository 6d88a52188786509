// Types of responses, which depend on the request.

/** Any value of a JSON document. Integers that a number can't hold are bigints. */
export type Json = string | number | bigint | boolean | null | Json[] | { [name: string]: Json };

/** An integer of 64 bits: a number where that is exact, a bigint beyond. */
export type Int64 = number | bigint;

/** The types of a resource, at compile time. */
export interface Model extends Shape {
  own: string;
  key: object;
  id: unknown;
  target: unknown;
  include: string;
  shown: string;
  part: string;
  sort: string;
  where: object;
  filters: object;
  deleted: string;
  create: unknown;
  update: object;
  conflict: string;
  groups: object;
  measures: { count: number };
  below: object;
  links: object;
}

/** A row, and the relations that it may include. */
export interface Shape {
  row: object;
  relations: object;
}

/** The same resource below a row of another one, which a new row need not name. */
export type Below<M extends Model, Create> = Omit<M, "create"> & { create: Create };

/** Filters by parts of documents, by their paths. */
export interface Parts {
  readonly [path: string]: Scalar | readonly Scalar[];
}

/** A relation to many rows. */
export interface Many<S extends Shape> {
  readonly many: S;
}

/** A relation to one row, which may be missing. */
export interface One<S extends Shape> {
  readonly one: S;
}

type Head<P extends string> = P extends `${infer H}.${string}` ? H : P;

type Rest<P extends string, H extends string> = P extends `${H}.${infer R}` ? R : never;

export type Flat<T> = { [K in keyof T]: T[K] } & {};

type Partly<T> = T extends readonly (infer Item)[]
  ? Partly<Item>[]
  : T extends object
    ? { [K in keyof T]?: Partly<T[K]> }
    : T;

type Included<Relation, Below extends string> =
  Relation extends Many<infer S>
    ? Shown<S, keyof S["row"], Below>[]
    : Relation extends One<infer S>
      ? Shown<S, keyof S["row"], Below> | null
      : never;

/** A row with the requested fields and relations. */
export type Shown<S extends Shape, Field, Include extends string> = Flat<
  Pick<S["row"], Field & keyof S["row"]> & {
    [K in Head<Exclude<Field, keyof S["row"]> & string> & keyof S["row"]]: Partly<S["row"][K]>;
  } & {
    [K in Head<Include> & keyof S["relations"]]: Included<
      S["relations"][K],
      Rest<Include, K & string>
    >;
  }
>;

/** Conditions on rows, all of which must hold. */
export interface Conditions<M extends Model> {
  /** Filters by their names on the wire; those through a relation below its name. */
  readonly where?: M["where"];
  /** Groups of filters, at least one of which must hold. */
  readonly or?: readonly M["where"][];
  /** Groups of filters, none of which may hold. */
  readonly not?: readonly M["where"][];
  /** Words to search for, all of which must occur. */
  readonly q?: string;
  readonly deleted?: M["deleted"];
}

export interface Projection<Field, Include> {
  /** The fields to show; all by default. */
  readonly fields?: readonly Field[];
  /** The relations to show. */
  readonly include?: readonly Include[];
}

export interface Query<M extends Model, Field, Include>
  extends Conditions<M>, Projection<Field, Include> {
  readonly sort?: readonly M["sort"][];
  /** Rows on a page. */
  readonly limit?: number;
}

export interface SkipQuery<M extends Model, Field, Include> extends Query<M, Field, Include> {
  readonly skip?: number;
  readonly count?: "exact" | "none" | "estimate";
}

export interface CursorQuery<M extends Model, Field, Include> extends Query<M, Field, Include> {
  /** `next` or `previous` of another page; the first page by default. */
  readonly cursor?: string;
}

/** Options of every call. */
export interface Call {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Write<Include> extends Call {
  /** The relations to include in the response. */
  readonly include?: readonly Include[];
  /** Whether to roll back the write after trying it. */
  readonly dryRun?: boolean;
}

export interface Change<Include> extends Write<Include> {
  /** The entity tag that the row must have: by default the one it was read with; `false`: any. */
  readonly ifMatch?: string | false;
}

export interface Page<Row> {
  readonly items: Row[];
  readonly total: number | null;
  readonly totalIsEstimate: boolean;
  readonly skip: number;
  readonly limit: number;
  /** The change after which to follow the shown rows, if the resource can be followed. */
  readonly change?: number;
}

export interface CursorPage<Row> {
  readonly items: Row[];
  readonly limit: number;
  readonly next: string | null;
  readonly previous: string | null;
}

type Operator = "eq" | "ne" | "gt" | "gte" | "lt" | "lte" | "between" | "in" | "not_in" | "isnull";

type Having<Measures> = {
  readonly [K in keyof Measures & string as `${K}__${Operator}`]?:
    NonNullable<Measures[K]> | readonly NonNullable<Measures[K]>[] | boolean;
};

export interface Sums<
  M extends Model,
  Group extends string,
  Measure extends string,
> extends Conditions<M> {
  readonly group?: readonly Group[];
  /** The measures of each group; `count` by default. */
  readonly measures?: readonly Measure[];
  /** Comparisons of measures, all of which must hold for a group. */
  readonly having?: Having<M["measures"]>;
  readonly sort?: readonly `${"" | "-"}${(keyof M["groups"] | keyof M["measures"]) & string}`[];
  readonly tz?: string;
  readonly limit?: number;
  readonly skip?: number;
}

export interface Groups<Group> {
  readonly items: Group[];
  readonly skip: number;
  readonly limit: number;
  readonly more: boolean;
}

/** A change of a row, as followers receive it. */
export type Followed<Key, Row> =
  | { number: number; at: string; operation: "create" | "update"; key: Key; item: Row }
  | { number: number; at: string; operation: "delete"; key: Key };

/** A change of a row in its history. */
export interface Past<Row> {
  readonly number: number;
  readonly at: string;
  readonly operation: "create" | "update" | "delete";
  readonly by: Json;
  readonly changed: { readonly [K in keyof Row]?: { old: Row[K] | null; new: Row[K] | null } };
}

/** The description of a resource, at run time. */
export interface Resource {
  readonly path: string;
  readonly key: readonly string[];
  readonly limit: number;
  readonly hasQuery: boolean;
  readonly documents: readonly string[];
  readonly through: Readonly<Record<string, string>>;
  readonly below: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<string, string>>;
}

export interface FollowQuery<M extends Model, Field> {
  /** The number of a change, after which to start. By default the oldest that is kept. */
  readonly after?: number;
  readonly limit?: number;
  /** Seconds to wait for changes if there are none yet. */
  readonly wait?: number;
  readonly fields?: readonly Field[];
  readonly where?: M["filters"];
  readonly or?: readonly M["filters"][];
  readonly not?: readonly M["filters"][];
  readonly q?: string;
}

export type Scalar = string | number | bigint | boolean;
