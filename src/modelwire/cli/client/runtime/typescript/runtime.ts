// The part of a generated client that is the same for every application: the requests to a
// resource, on `fetch`.

import { Connection, type Answer, type Options, type Sent } from "./connection.js";
import { parse } from "./json.js";
import {
  all,
  compared,
  comparison,
  join,
  keyOf,
  keyValues,
  logic,
  quoted,
  search,
  set,
  type Parameters,
} from "./parameters.js";
import type {
  Call,
  Change,
  Conditions,
  CursorPage,
  CursorQuery,
  Flat,
  Followed,
  FollowQuery,
  Groups,
  Model,
  Page,
  Past,
  Projection,
  Query,
  Resource,
  Scalar,
  Shown,
  SkipQuery,
  Sums,
  Write,
} from "./types.js";

export type { Options } from "./connection.js";
export { Refused, type Fault, type ProblemOf } from "./problems.js";
export type * from "./types.js";

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

/** The entity tag of a row that was read on its own; undefined for rows of lists. */
export function etagOf(row: object): string | undefined {
  return tags.get(row);
}

/** The requests to a resource, or to its rows below a row of another one. */
export class Collection<M extends Model> {
  private readonly connection: Connection;
  private readonly resource: Resource;
  private readonly path: string;
  private readonly hasQuery: boolean;

  constructor(connection: Connection, resource: Resource, path: string, hasQuery: boolean) {
    this.connection = connection;
    this.resource = resource;
    this.path = path;
    this.hasQuery = hasQuery;
  }

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

  /** Read a page by a cursor, which continues where another page ended. */
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

  /** Read all rows that match, in one response that is read as it arrives. */
  async *stream<
    Field extends M["own"] | M["part"] = M["own"],
    Include extends M["include"] = never,
  >(
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
    query: Projection<Field, Include> & {
      readonly deleted?: M["deleted"];
      readonly asOf?: string;
    } = {},
    call: Call = {},
  ): Promise<Shown<M, Field, Include>> {
    const parameters = this.projected(query);
    set(parameters, "deleted", query.deleted);
    set(parameters, "as_of", query.asOf);
    return readRow(await this.ask(this.at(target), parameters, call));
  }

  /** Create a row. */
  async create<Include extends M["include"] = never>(
    row: M["create"],
    write: Write<Include> = {},
  ): Promise<Shown<M, M["own"], Include>> {
    return readRow(await this.write("POST", "/", row, write));
  }

  /** Change the given fields of a row: `null` clears a field. */
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

  /** Restore a deleted row. */
  async restore<Include extends M["include"] = never>(
    target: M["target"],
    change: Change<Include> = {},
  ): Promise<Shown<M, M["own"], Include>> {
    const headers = condition(target, change);
    return readRow(
      await this.write("POST", `${this.at(target)}/restore`, undefined, change, { headers }),
    );
  }

  /** Create many rows, all or none; with `onConflict`, rows that exist already are merged with
   * the given ones, or left as they are. */
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
  async deleteMany(
    targets: readonly M["target"][],
    write: Omit<Write<never>, "include"> = {},
  ): Promise<void> {
    const keys = targets.map((target) => this.keyInBody(target));
    await this.write("DELETE", "/bulk/", keys, write);
  }

  /** Change all rows that match, `maxAffected` at most, and return their number. */
  async updateMatching(
    conditions: Omit<Conditions<M>, "deleted">,
    changes: M["update"],
    write: Omit<Write<never>, "include"> & { readonly maxAffected: number },
  ): Promise<number> {
    return this.affect("PATCH", conditions, changes, write);
  }

  /** Delete all rows that match, `maxAffected` at most, and return their number. */
  async deleteMatching(
    conditions: Omit<Conditions<M>, "deleted">,
    write: Omit<Write<never>, "include"> & { readonly maxAffected: number },
  ): Promise<number> {
    return this.affect("DELETE", conditions, undefined, write);
  }

  /** Aggregate the rows that match, by group. */
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
    const having = Object.entries(sums.having ?? {}).map(([name, value]) =>
      compared(comparison(name, value)),
    );
    if (having.length > 0) parameters.set("having", `(${having.join(",")})`);
    return read(await this.query("/aggregate/", parameters, call));
  }

  /** Read a page of the changes of the rows that match. */
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

  /** Follow the changes of the rows that match, from a change on, until the loop is left. */
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

  /** Revert a change of a row. */
  async revert<Include extends M["include"] = never>(
    target: M["target"],
    change: number,
    options: Change<Include> = {},
  ): Promise<Shown<M, M["own"], Include>> {
    const headers = condition(target, options);
    const path = `${this.at(target)}/history/${change}/revert`;
    return readRow(await this.write("POST", path, undefined, options, { headers }));
  }

  /** The resources below a row. */
  below<Name extends keyof M["below"] & string>(
    target: M["target"],
    relation: Name,
  ): M["below"][Name] {
    const resource = this.connection.find(this.resource.below, relation);
    const path = `${this.path}${this.at(target)}/${encodeURIComponent(relation)}`;
    return new Collection(this.connection, resource, path, false) as M["below"][Name];
  }

  /** Link two rows; nothing changes if they are linked already. */
  async link<Name extends keyof M["links"] & string>(
    target: M["target"],
    relation: Name,
    other: M["links"][Name],
    change: Omit<Change<never>, "include"> = {},
  ): Promise<void> {
    await this.tie("PUT", target, relation, other, change);
  }

  /** Remove the link between two rows; nothing changes if there is none. */
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
    // Safe to repeat: the rows end up linked, or not linked.
    await this.write(method, path, undefined, change, {
      headers: condition(target, change),
      repeats: true,
    });
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
    return values.length === 1
      ? values[0]
      : values.map((value) => encodeURIComponent(String(value))).join(",");
  }

  private listed(
    query: CursorQuery<M, string, string> & { readonly skip?: number; readonly count?: string },
  ): Parameters {
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
    const filters = (where: object) => connection.filters(resource, where, isStrict);
    for (const { name, operand, isInside } of filters(given.where ?? {})) {
      // In a document whose types are unknown, a text is quoted.
      const text = (value: Scalar) =>
        isInside && typeof value === "string" ? quoted(value) : String(value);
      parameters.set(name, operand instanceof Array ? operand.map(text) : text(operand));
    }
    const term = (where: object) => all(filters(where).map(compared));
    if (given.or?.length === 0) throw new TypeError("or: no element, of which none holds");
    set(parameters, "or", logic((given.or ?? []).map(term), (given.not ?? []).map(term)));
    set(parameters, "q", given.q);
    set(parameters, "deleted", given.deleted);
    return parameters;
  }

  private ask(below: string, parameters: Parameters, call: Call): Promise<Answer> {
    const path = this.path + below;
    return this.connection.send({ method: "GET", path, parameters, repeats: true, call });
  }

  /** A query that is too long for a URL is sent in a body, if the resource accepts that. */
  private query(below: string, parameters: Parameters, call: Call): Promise<Answer> {
    if (!this.hasQuery || search(parameters).length <= LONGEST_SEARCH)
      return this.ask(below, parameters, call);
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
    if (write.dryRun === true)
      headers["prefer"] = [headers["prefer"], "tx=rollback"].filter(Boolean).join(", ");
    const repeats = more.repeats ?? isKeyed;
    return this.connection.send({
      method,
      path: this.path + below,
      parameters,
      body,
      headers,
      repeats,
      call: write,
    });
  }
}

const LONGEST_SEARCH = 4000;

interface WirePage<Row> {
  items: Row[];
  total: number | null;
  total_is_estimate?: boolean;
  skip: number;
  limit: number;
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
