// The part of a generated client that is the same whatever the application: requests on `fetch`,
// and the types that answers are derived by.

/** Any value of a JSON document. Integers that a number can't hold are bigints. */
export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | Json[]
  | { [name: string]: Json };

/** An integer of 64 bits: a number where that is exact, a bigint beyond. */
export type Int64 = number | bigint;

/** What a client knows of a resource while it is compiled. */
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

/** A row, and what it may include. */
export interface Shape {
  row: object;
  relations: object;
}

/** The same resource where a new row need not name the one that it stands below. */
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
type Flat<T> = { [K in keyof T]: T[K] } & {};
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

/** A row with the fields and the relations that are asked for. */
export type Shown<S extends Shape, Field, Include extends string> = Flat<
  Pick<S["row"], Field & keyof S["row"]> & {
    [K in Head<Exclude<Field, keyof S["row"]> & string> & keyof S["row"]]: Partly<S["row"][K]>;
  } & {
    [K in Head<Include> & keyof S["relations"]]: Included<S["relations"][K], Rest<Include, K & string>>;
  }
>;

/** Which rows are meant: all that is named must hold. */
export interface Conditions<M extends Model> {
  /** Filters by their names on the wire; those through a relation below its name. */
  readonly where?: M["where"];
  /** Filters of which those of one element must hold. */
  readonly or?: readonly M["where"][];
  /** Filters of which those of no element may hold. */
  readonly not?: readonly M["where"][];
  /** Words that must all occur. */
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

/** What every call takes. */
export interface Call {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Write<Include> extends Call {
  /** The relations that the answer shows. */
  readonly include?: readonly Include[];
  /** Whether it is only tried, and undone. */
  readonly dryRun?: boolean;
}

export interface Change<Include> extends Write<Include> {
  /** The tag that the row must have. That of a row that was read by default; `false` for none. */
  readonly ifMatch?: string | false;
}

export interface Page<Row> {
  readonly items: Row[];
  readonly total: number | null;
  readonly totalIsEstimate: boolean;
  readonly skip: number;
  readonly limit: number;
  /** The change behind which to follow what is shown, where the resource can be followed. */
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
    | NonNullable<Measures[K]>
    | readonly NonNullable<Measures[K]>[]
    | boolean;
};

export interface Sums<M extends Model, Group extends string, Measure extends string>
  extends Conditions<M> {
  readonly group?: readonly Group[];
  /** What is told of each group; `count` by default. */
  readonly measures?: readonly Measure[];
  /** Comparisons of measures that must all hold of a group. */
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

/** A change of a row that others are told of. */
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

/** One thing that is wrong with a request, and where: in its body, a parameter, or a header. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly pointer?: string;
  readonly parameter?: string;
  readonly position?: number;
}

interface Told {
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly Fault[];
  readonly moreErrors: number;
  /** The id of the request, by which it is found in logs. */
  readonly requestId: string | null;
  /** Seconds after which it may be tried again, where the service says so. */
  readonly retryAfter: number | null;
}

/** Why a request was refused, told apart by `code`; `other` is what the service has no code for. */
export type ProblemOf<Codes> =
  | { [C in keyof Codes]: Flat<Told & { readonly code: C; readonly status: Codes[C] }> }[keyof Codes]
  | Flat<Told & { readonly code: "other"; readonly status: number; readonly name: string }>;

/** A request was refused. */
export class Refused<Problem extends { readonly code: string; readonly detail: string }> extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
    this.name = "Refused";
  }
}

type AnyProblem = Told & { readonly code: string; readonly status: number; readonly name?: string };

export interface Options {
  /** Where the service is, such as `https://api.example.com`. */
  readonly baseUrl: string;
  /** The bearer token of who asks, or what gives it before each request. */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>);
  /** Whether cookies are sent to other origins. */
  readonly credentials?: RequestCredentials;
  readonly headers?: Readonly<Record<string, string>>;
  /** How often a request is sent again that is safe to repeat; 3 times by default. */
  readonly retries?: number;
  /** Seconds that are waited before it is, at most; 30 by default. */
  readonly maxRetryAfter?: number;
  readonly fetch?: typeof fetch;
}

/** What a client knows of a resource while it runs. */
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

type Parameters = Map<string, string | string[]>;

interface Sent {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly path: string;
  readonly parameters?: Parameters;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether it may be sent again although it may have been carried out. */
  readonly repeats?: boolean;
  readonly call: Call;
}

/** Make a client of the resources of a service. */
export function connect<Client>(
  resources: Readonly<Record<string, Resource>>,
  codes: Readonly<Record<string, readonly number[]>>,
  options: Options,
): Client {
  const connection = new Connection(resources, codes, options);
  const made = Object.entries(resources).map(([name, resource]) => [
    name,
    new Collection<Model>(connection, resource, resource.path, resource.hasQuery),
  ]);
  return Object.fromEntries(made) as Client;
}

const tags = new WeakMap<object, string>();

/** The tag of a row that was answered by itself; undefined for the rows of lists. */
export function etagOf(row: object): string | undefined {
  return tags.get(row);
}

/** The requests to a resource, or to what is served of it below a row. */
export class Collection<M extends Model> {
  constructor(
    private readonly connection: Connection,
    private readonly resource: Resource,
    private readonly path: string,
    private readonly hasQuery: boolean,
  ) {}

  /** Read a page, `skip` rows from the start. */
  async list<Field extends M["own"] | M["part"] = M["own"], Include extends M["include"] = never>(
    query: SkipQuery<M, Field, Include> = {},
    call: Call = {},
  ): Promise<Page<Shown<M, Field, Include>>> {
    const answer = await this.query("/", this.listed(query), call);
    const page = read<WirePage<Shown<M, Field, Include>>>(answer);
    const change = answer.headers.get("x-change-number");
    return {
      items: page.items,
      total: page.total,
      totalIsEstimate: page.total_is_estimate ?? false,
      skip: page.skip,
      limit: page.limit,
      ...(change === null ? {} : { change: Number(change) }),
    };
  }

  /** Read a page by a cursor: one that goes on where another one ended. */
  async page<Field extends M["own"] | M["part"] = M["own"], Include extends M["include"] = never>(
    query: CursorQuery<M, Field, Include> = {},
    call: Call = {},
  ): Promise<CursorPage<Shown<M, Field, Include>>> {
    const parameters = this.listed({ ...query, cursor: query.cursor ?? "" });
    return read(await this.query("/", parameters, call));
  }

  /** Read all rows that match, page by page. */
  async *each<Field extends M["own"] | M["part"] = M["own"], Include extends M["include"] = never>(
    query: Query<M, Field, Include> = {},
    call: Call = {},
  ): AsyncGenerator<Shown<M, Field, Include>, void, undefined> {
    let cursor: string | null = "";
    while (cursor !== null) {
      const asked = { limit: this.resource.limit, ...query, cursor };
      const page: CursorPage<Shown<M, Field, Include>> = await this.page(asked, call);
      yield* page.items;
      cursor = page.next;
    }
  }

  /** Read all rows that match, in one answer that is read as it comes. */
  async *stream<Field extends M["own"] | M["part"] = M["own"], Include extends M["include"] = never>(
    query: Omit<Query<M, Field, Include>, "limit"> = {},
    call: Call = {},
  ): AsyncGenerator<Shown<M, Field, Include>, void, undefined> {
    const headers = { accept: "application/x-ndjson", prefer: "end-marker" };
    const parameters = this.listed(query);
    const path = `${this.path}/stream/`;
    const sent: Sent = { method: "GET", path, parameters, headers, repeats: true, call };
    let count = 0;
    for await (const line of linesOf(await this.connection.open(sent))) {
      const row = parse(line) as Shown<M, Field, Include> & { readonly $rows?: number };
      if (row.$rows === count && Object.keys(row).length === 1) return;
      count += 1;
      yield row;
    }
    throw new Error("The stream was broken off");
  }

  /** Read a row. */
  async get<
    Field extends M["own"] | M["part"] = M["own"],
    Include extends M["include"] | M["shown"] = M["shown"],
  >(
    target: M["target"],
    query: Projection<Field, Include> & { readonly deleted?: M["deleted"]; readonly asOf?: string } = {},
    call: Call = {},
  ): Promise<Shown<M, Field, Include>> {
    const parameters = this.projected(query);
    set(parameters, "deleted", query.deleted);
    set(parameters, "as_of", query.asOf);
    return readRow(await this.ask(this.at(target), parameters, call));
  }

  /** Store a row. */
  async create<Include extends M["include"] = never>(
    row: M["create"],
    write: Write<Include> = {},
  ): Promise<Shown<M, M["own"], Include>> {
    return readRow(await this.write("POST", "/", row, write));
  }

  /** Change what is given of a row: `null` clears a field. */
  async update<Include extends M["include"] = never>(
    target: M["target"],
    changes: M["update"],
    change: Change<Include> = {},
  ): Promise<Shown<M, M["own"], Include>> {
    const headers = condition(target, change);
    return readRow(await this.write("PATCH", this.at(target), changes, change, { headers }));
  }

  /** Delete a row. */
  async delete(target: M["target"], change: Omit<Change<never>, "include"> = {}): Promise<void> {
    const headers = condition(target, change);
    await this.write("DELETE", this.at(target), undefined, change, { headers });
  }

  /** Bring a deleted row back. */
  async restore<Include extends M["include"] = never>(
    target: M["target"],
    change: Change<Include> = {},
  ): Promise<Shown<M, M["own"], Include>> {
    const headers = condition(target, change);
    return readRow(await this.write("POST", `${this.at(target)}/restore`, undefined, change, { headers }));
  }

  /** Store many rows, all or none; with `onConflict`, those that are there already are merged with
   * what is given, or left alone. */
  async createMany<Include extends M["include"] = never>(
    rows: readonly M["create"][],
    write: Write<Include> & { readonly onConflict?: M["conflict"]; readonly keep?: boolean } = {},
  ): Promise<Shown<M, M["own"], Include>[]> {
    const parameters: Parameters = new Map();
    set(parameters, "on_conflict", write.onConflict);
    const headers: Record<string, string> = {};
    if (write.keep === true) headers["prefer"] = "resolution=ignore-duplicates";
    return read(await this.write("POST", "/bulk/", rows, write, { parameters, headers }));
  }

  /** Change many rows, all or none: each change holds the key of its row. */
  async updateMany<Include extends M["include"] = never>(
    changes: readonly (M["update"] & M["key"])[],
    write: Write<Include> = {},
  ): Promise<Shown<M, M["own"], Include>[]> {
    return read(await this.write("PATCH", "/bulk/", changes, write));
  }

  /** Delete many rows, all or none. */
  async deleteMany(targets: readonly M["target"][], write: Omit<Write<never>, "include"> = {}): Promise<void> {
    const keys = targets.map((target) => this.keyInBody(target));
    await this.write("DELETE", "/bulk/", keys, write);
  }

  /** Change all rows that match, if they are at most `maxAffected`; answers how many there were. */
  async updateMatching(
    conditions: Omit<Conditions<M>, "deleted">,
    changes: M["update"],
    write: Omit<Write<never>, "include"> & { readonly maxAffected: number },
  ): Promise<number> {
    return this.affect("PATCH", conditions, changes, write);
  }

  /** Delete all rows that match, if they are at most `maxAffected`; answers how many there were. */
  async deleteMatching(
    conditions: Omit<Conditions<M>, "deleted">,
    write: Omit<Write<never>, "include"> & { readonly maxAffected: number },
  ): Promise<number> {
    return this.affect("DELETE", conditions, undefined, write);
  }

  /** Tell sums over groups of the rows that match. */
  async aggregate<
    Group extends keyof M["groups"] & string = never,
    Measure extends keyof M["measures"] & string = "count",
  >(
    sums: Sums<M, Group, Measure> = {},
    call: Call = {},
  ): Promise<Groups<Flat<Pick<M["groups"], Group> & Pick<M["measures"], Measure>>>> {
    const parameters = this.conditions(sums);
    join(parameters, "group", sums.group);
    join(parameters, "measures", sums.measures);
    join(parameters, "sort", sums.sort);
    set(parameters, "tz", sums.tz);
    set(parameters, "limit", sums.limit);
    set(parameters, "skip", sums.skip);
    const having = Object.entries(sums.having ?? {}).map(([name, value]) => compared(comparison(name, value)));
    if (having.length > 0) parameters.set("having", `(${having.join(",")})`);
    return read(await this.query("/aggregate/", parameters, call));
  }

  /** Read a page of what has become of the rows that match. */
  async changes<Field extends M["own"] = M["own"]>(
    query: FollowQuery<M, Field> = {},
    call: Call = {},
  ): Promise<{ items: Followed<M["id"], Shown<M, Field, never>>[]; next: number }> {
    const parameters = this.conditions(query);
    join(parameters, "fields", query.fields);
    set(parameters, "after", query.after);
    set(parameters, "limit", query.limit);
    set(parameters, "wait", query.wait);
    return read(await this.ask("/changes/", parameters, call));
  }

  /** Follow what becomes of the rows that match, from a change on, until the loop is left. */
  async *follow<Field extends M["own"] = M["own"]>(
    query: FollowQuery<M, Field> = {},
    call: Call = {},
  ): AsyncGenerator<Followed<M["id"], Shown<M, Field, never>>, never, undefined> {
    let after = query.after;
    for (;;) {
      const asked = { wait: 20, ...query, ...(after === undefined ? {} : { after }) };
      const page: { items: Followed<M["id"], Shown<M, Field, never>>[]; next: number } =
        await this.changes(asked, call);
      yield* page.items;
      after = page.next;
    }
  }

  /** Read a page of the changes of a row, the latest first. */
  async history(
    target: M["target"],
    query: { readonly limit?: number; readonly cursor?: string } = {},
    call: Call = {},
  ): Promise<CursorPage<Past<M["row"]>>> {
    const parameters: Parameters = new Map();
    set(parameters, "limit", query.limit);
    set(parameters, "cursor", query.cursor);
    return read(await this.ask(`${this.at(target)}/history/`, parameters, call));
  }

  /** Take a change of a row back. */
  async revert<Include extends M["include"] = never>(
    target: M["target"],
    change: number,
    options: Change<Include> = {},
  ): Promise<Shown<M, M["own"], Include>> {
    const headers = condition(target, options);
    const path = `${this.at(target)}/history/${change}/revert`;
    return readRow(await this.write("POST", path, undefined, options, { headers }));
  }

  /** What is served below a row. */
  below<Name extends keyof M["below"] & string>(target: M["target"], relation: Name): M["below"][Name] {
    const resource = this.connection.find(this.resource.below, relation);
    const path = `${this.path}${this.at(target)}/${encodeURIComponent(relation)}`;
    return new Collection(this.connection, resource, path, false) as M["below"][Name];
  }

  /** Link two rows; if they are linked already, they stay so. */
  async link<Name extends keyof M["links"] & string>(
    target: M["target"],
    relation: Name,
    other: M["links"][Name],
    change: Omit<Change<never>, "include"> = {},
  ): Promise<void> {
    await this.tie("PUT", target, relation, other, change);
  }

  /** Take the link between two rows away; if there is none, nothing changes. */
  async unlink<Name extends keyof M["links"] & string>(
    target: M["target"],
    relation: Name,
    other: M["links"][Name],
    change: Omit<Change<never>, "include"> = {},
  ): Promise<void> {
    await this.tie("DELETE", target, relation, other, change);
  }

  private async tie(
    method: "PUT" | "DELETE",
    target: unknown,
    relation: string,
    other: unknown,
    change: Change<string>,
  ): Promise<void> {
    const key = keyOf(this.connection.find(this.resource.links, relation), other);
    const path = `${this.at(target)}/${encodeURIComponent(relation)}/${key}`;
    // However often it is sent, the rows are linked then, or are not.
    await this.write(method, path, undefined, change, { headers: condition(target, change), repeats: true });
  }

  private async affect(
    method: "PATCH" | "DELETE",
    conditions: Conditions<M>,
    changes: unknown,
    write: Write<never> & { readonly maxAffected: number },
  ): Promise<number> {
    const parameters = this.conditions(conditions, true);
    const headers = { prefer: `max-affected=${write.maxAffected}` };
    const answer = await this.write(method, "/", changes, write, { parameters, headers });
    return read<{ affected: number }>(answer).affected;
  }

  private at(target: unknown): string {
    return `/${keyOf(this.resource, target)}`;
  }

  private keyInBody(target: unknown): unknown {
    const values = keyValues(this.resource, target);
    return values.length === 1 ? values[0] : values.map((value) => encodeURIComponent(String(value))).join(",");
  }

  private listed(query: CursorQuery<M, string, string> & { readonly skip?: number; readonly count?: string }): Parameters {
    const parameters = this.conditions(query);
    for (const [name, value] of this.projected(query)) parameters.set(name, value);
    join(parameters, "sort", query.sort);
    set(parameters, "limit", query.limit);
    set(parameters, "skip", query.skip);
    set(parameters, "count", query.count);
    set(parameters, "cursor", query.cursor);
    return parameters;
  }

  private projected(query: Projection<string, string>): Parameters {
    const parameters: Parameters = new Map();
    join(parameters, "fields", query.fields);
    join(parameters, "include", query.include);
    return parameters;
  }

  private conditions(given: Conditions<M>, isStrict = false): Parameters {
    const { connection, resource } = this;
    const parameters: Parameters = new Map();
    for (const { name, operand, isInside } of connection.filters(resource, given.where ?? {}, isStrict)) {
      // In a document of which nothing is known, a text stands in quotes.
      const text = (value: Scalar) => (isInside && typeof value === "string" ? quoted(value) : String(value));
      parameters.set(name, operand instanceof Array ? operand.map(text) : text(operand));
    }
    const term = (where: object) => all(connection.filters(resource, where, isStrict).map(compared));
    const none = (given.not ?? []).map((where) => `not(${term(where)})`);
    const some = (given.or ?? []).map(term);
    if (given.or !== undefined && some.length === 0) throw new TypeError("or: no element, of which none holds");
    if (some.length > 0 && none.length === 0) parameters.set("or", `(${some.join(",")})`);
    if (none.length > 0) parameters.set("or", `(${all([...(some.length > 0 ? [`or(${some.join(",")})`] : []), ...none])})`);
    set(parameters, "q", given.q);
    set(parameters, "deleted", given.deleted);
    return parameters;
  }

  private ask(below: string, parameters: Parameters, call: Call): Promise<Answer> {
    const path = this.path + below;
    return this.connection.send({ method: "GET", path, parameters, repeats: true, call });
  }

  /** A query that is too long for a URL goes into a body, where the resource takes that. */
  private query(below: string, parameters: Parameters, call: Call): Promise<Answer> {
    if (!this.hasQuery || search(parameters).length <= LONGEST_SEARCH) return this.ask(below, parameters, call);
    const path = `${this.path}${below}query`;
    const body = Object.fromEntries(parameters);
    return this.connection.send({ method: "POST", path, body, repeats: true, call });
  }

  private write(
    method: "POST" | "PATCH" | "PUT" | "DELETE",
    below: string,
    body: unknown,
    write: Write<string>,
    more: { parameters?: Parameters; headers?: Record<string, string>; repeats?: boolean } = {},
  ): Promise<Answer> {
    const parameters: Parameters = new Map(more.parameters);
    join(parameters, "include", write.include);
    const headers = { ...more.headers };
    const isKeyed = method === "POST" || method === "PATCH";
    if (isKeyed) headers["idempotency-key"] = makeKey();
    if (write.dryRun === true) headers["prefer"] = [headers["prefer"], "tx=rollback"].filter(Boolean).join(", ");
    const repeats = more.repeats ?? isKeyed;
    return this.connection.send({ method, path: this.path + below, parameters, body, headers, repeats, call: write });
  }
}

export interface FollowQuery<M extends Model, Field> {
  /** The number of a change; what came after it is told. The oldest that is kept by default. */
  readonly after?: number;
  readonly limit?: number;
  /** Seconds that a page is held while there are no changes. */
  readonly wait?: number;
  readonly fields?: readonly Field[];
  readonly where?: M["filters"];
  readonly or?: readonly M["filters"][];
  readonly not?: readonly M["filters"][];
  readonly q?: string;
}

const LONGEST_SEARCH = 4000;
const FIRST_PAUSE = 0.2;

class Connection {
  constructor(
    private readonly resources: Readonly<Record<string, Resource>>,
    private readonly codes: Readonly<Record<string, readonly number[]>>,
    private readonly options: Options,
  ) {}

  find(names: Readonly<Record<string, string>>, relation: string): Resource {
    const resource = this.resources[names[relation] ?? ""];
    if (resource === undefined) throw new TypeError(`There is no relation ${relation}`);
    return resource;
  }

  /** Filters by their names on the wire. */
  filters(resource: Resource, where: object, isStrict: boolean, before = ""): Comparison[] {
    return Object.entries(where).flatMap(([below, value]: [string, unknown]): Comparison[] => {
      const name = before + below;
      if (value === undefined) {
        if (isStrict) throw new TypeError(`${name}: undefined would be no condition`);
        return [];
      }
      if (typeof value !== "object" || value === null || Array.isArray(value)) return [comparison(name, value)];
      if (!resource.documents.includes(below)) {
        return this.filters(this.find(resource.through, below), value, isStrict, `${name}.`);
      }
      return Object.entries(value).map(([path, operand]) => comparison(`${name}.${path}`, operand, true));
    });
  }

  /** Send a request; gives the whole answer. */
  send(sent: Sent): Promise<Answer> {
    return this.repeat(sent, async (response) => ({
      headers: response.headers,
      text: await response.text(),
    }));
  }

  /** Send a request whose answer is read as it comes. */
  open(sent: Sent): Promise<Response> {
    return this.repeat(sent, async (response) => response);
  }

  private async repeat<T>(sent: Sent, take: (response: Response) => Promise<T>): Promise<T> {
    const { retries = 3, maxRetryAfter = 30 } = this.options;
    for (let count = 0; ; count++) {
      const outcome = await this.attempt(sent, take).catch((error: unknown): Outcome<T> => {
        if (sent.repeats !== true || count >= retries || sent.call.signal?.aborted) throw error;
        return {};
      });
      if ("taken" in outcome) return outcome.taken;
      const { problem } = outcome;
      const pause = problem?.retryAfter ?? FIRST_PAUSE * 2 ** count * (0.5 + Math.random());
      if (problem !== undefined && !mayRepeat(problem, sent.repeats === true)) throw new Refused(problem);
      if (problem !== undefined && (count >= retries || pause > maxRetryAfter)) throw new Refused(problem);
      await sleep(pause, sent.call.signal);
    }
  }

  private async attempt<T>(sent: Sent, take: (response: Response) => Promise<T>): Promise<Outcome<T>> {
    const response = await this.fetch(sent);
    if (!response.ok) return { problem: await this.readProblem(response) };
    return { taken: await take(response) };
  }

  private async fetch(sent: Sent): Promise<Response> {
    const { options } = this;
    const token = typeof options.token === "function" ? await options.token() : options.token;
    const query = search(sent.parameters ?? new Map<string, string>());
    return (options.fetch ?? fetch)(options.baseUrl.replace(/\/+$/, "") + sent.path + query, {
      method: sent.method,
      headers: {
        ...options.headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(sent.body === undefined ? {} : { "content-type": "application/json" }),
        ...sent.headers,
        ...sent.call.headers,
      },
      ...(sent.body === undefined ? {} : { body: encode(sent.body) }),
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
      signal: sent.call.signal ?? null,
    });
  }

  private async readProblem(answer: Response): Promise<AnyProblem> {
    const text = await answer.text();
    const isProblem = answer.headers.get("content-type")?.startsWith("application/problem+json") === true;
    const told = isProblem ? (parse(text) as WireProblem) : {};
    const isKnown = this.codes[told.code ?? ""]?.includes(answer.status) === true;
    return {
      code: isKnown && told.code !== undefined ? told.code : "other",
      ...(isKnown ? {} : { name: told.code ?? "" }),
      status: answer.status,
      title: told.title ?? answer.statusText,
      detail: told.detail ?? "",
      errors: told.errors ?? [],
      moreErrors: told.more_errors ?? 0,
      requestId: answer.headers.get("x-request-id"),
      retryAfter: secondsOf(answer.headers.get("retry-after")),
    };
  }
}

interface Answer {
  readonly headers: Headers;
  readonly text: string;
}

/** What has come of sending a request once: nothing where the connection was lost. */
type Outcome<T> = { readonly taken: T } | { readonly problem?: AnyProblem };

interface WirePage<Row> {
  items: Row[];
  total: number | null;
  total_is_estimate?: boolean;
  skip: number;
  limit: number;
}

interface WireProblem {
  code?: string;
  title?: string;
  detail?: string;
  errors?: Fault[];
  more_errors?: number;
}

type Scalar = string | number | bigint | boolean;
type Operand = Scalar | readonly Scalar[];

interface Comparison {
  readonly name: string;
  readonly operand: Operand;
  /** Whether it is with a part of a document of which nothing is known. */
  readonly isInside: boolean;
}

function comparison(name: string, value: unknown, isInside = false): Comparison {
  if (value === undefined || value === null) throw new TypeError(`${name}: ${value} is no operand; use isnull`);
  if (Array.isArray(value) && value.length === 0) throw new TypeError(`${name}: an empty list matches nothing`);
  return { name, operand: value as Operand, isInside };
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** A comparison in logic, where every text may stand in quotes. */
function compared({ name, operand }: Comparison): string {
  const scalar = (one: Scalar) => (typeof one === "string" ? quoted(one) : String(one));
  return `${name}:${operand instanceof Array ? `(${operand.map(scalar).join(",")})` : scalar(operand)}`;
}

function all(terms: string[]): string {
  if (terms.length === 0) throw new TypeError("or, not: an element without a filter");
  return terms.length === 1 ? terms.join() : `and(${terms.join(",")})`;
}

function set(parameters: Parameters, name: string, value: Scalar | undefined): void {
  if (value !== undefined) parameters.set(name, String(value));
}

function join(parameters: Parameters, name: string, values: readonly string[] | undefined): void {
  if (values !== undefined) parameters.set(name, values.join(","));
}

function search(parameters: Parameters): string {
  const pairs = [...parameters].flatMap(([name, value]) => {
    // A list of one would be cut at its commas; twice the same, it is not.
    const values = typeof value === "string" ? [value] : value.length === 1 ? [...value, ...value] : value;
    return values.map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one)}`);
  });
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

function keyValues(resource: Resource, target: unknown): Scalar[] {
  if (typeof target !== "object" || target === null) return [target as Scalar];
  const row = target as Readonly<Record<string, Scalar | undefined>>;
  return resource.key.map((name) => {
    const value = row[name];
    if (value === undefined) throw new TypeError(`The row lacks its key: ${name}`);
    return value;
  });
}

const WORDS = ["bulk", "stream", "query", "aggregate", "changes"];

function keyOf(resource: Resource, target: unknown): string {
  const key = keyValues(resource, target).map((value) => encodeURIComponent(String(value))).join(",");
  if (key === "." || key === "..") throw new TypeError(`No URL leads to the key ${key}`);
  return WORDS.includes(key) ? `%${key.charCodeAt(0).toString(16)}${key.slice(1)}` : key;
}

function condition(target: unknown, change: Change<string>): Record<string, string> {
  const known = typeof target === "object" && target !== null ? tags.get(target) : undefined;
  const tag = change.ifMatch ?? known;
  return typeof tag === "string" ? { "if-match": tag } : {};
}

function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function mayRepeat(problem: AnyProblem, isSafe: boolean): boolean {
  // Of `unavailable` it is known that nothing was done, of other answers it is not.
  if (problem.code === "unavailable" || problem.code === "key_in_flight") return true;
  return isSafe && problem.status === 503;
}

function secondsOf(header: string | null): number | null {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null;
}

function sleep(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted === true) stop();
  });
}

function read<T>(answer: Answer): T {
  return parse(answer.text) as T;
}

function readRow<T extends object>(answer: Answer): T {
  const row = read<T>(answer);
  const tag = answer.headers.get("etag");
  if (tag !== null) tags.set(row, tag);
  return row;
}

async function* linesOf(answer: Response): AsyncGenerator<string, void, undefined> {
  if (answer.body === null) return;
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const lines = (rest + decoder.decode(value, { stream: !done })).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
      if (done) return;
    }
  } finally {
    await reader.cancel();
  }
}

const LONG_NUMBER = /\d{16}/;
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON as values: an integer that a number can't hold becomes a bigint. */
export function parse(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  let mark = "#";
  while (text.includes(`"${mark}`)) mark += "#";
  const marked = text.replace(TOKENS, (token) =>
    /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${mark}${token}"` : token,
  );
  return JSON.parse(marked, (_name, value: unknown) =>
    typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  );
}

/** Values as JSON, bigints as integers. */
export function encode(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => encode(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null || "toJSON" in value) return JSON.stringify(value);
  const given = Object.entries(value).filter(([, one]) => one !== undefined);
  return `{${given.map(([name, one]) => `${JSON.stringify(name)}:${encode(one)}`).join(",")}}`;
}
