// A data provider of React-admin on the HTTP surface of modelwire.
import type { DataProvider, Identifier, RaRecord } from "ra-core";
import { sourceOf, type ResourceDescription } from "./description";
import { Http, ProblemError, type Asked, type HttpOptions, type Reply } from "./http";
import { writeFilters, type Filters } from "./query";
import {
  InvalidJSON, hasPath, keyInBody, pathOfKey, toPlain, toRecord, toWire, writeJSON, type AdminRecord, type Row,
} from "./values";

export interface Change {
  number: number;
  at: string;
  operation: "create" | "update" | "delete";
  by: unknown;
  changed: Record<string, { old: unknown; new: unknown }>;
}

export interface Group {
  [name: string]: unknown;
}

/** What modelwire can do beside what React-admin knows. */
export interface ModelwireProvider extends DataProvider {
  /** Changes every row that matches; refused if these are more than were told. */
  updateAll(resource: string, filters: Filters, data: Row, atMost: number): Promise<number>;
  deleteAll(resource: string, filters: Filters, atMost: number): Promise<number>;
  restore(resource: string, id: Identifier): Promise<void>;
  history(resource: string, id: Identifier, cursor?: string): Promise<{ items: Change[]; next: string | null }>;
  revert(resource: string, id: Identifier, change: number): Promise<void>;
  aggregate(resource: string, query: Record<string, string>, filters: Filters): Promise<{ items: Group[]; more: boolean }>;
  /** Every matching row as CSV. */
  exportCSV(resource: string, fields: string[], filters: Filters, sort?: string): Promise<Blob>;
}

export interface ProviderOptions extends HttpOptions {
  /** The resources, as `GET /admin/resources` describes them. */
  resources: ResourceDescription[];
}

const KEYS_AT_ONCE = 100;
const NO_KEYS = "Idempotency-Key can't be used";

/** The keys of the requests of a form, by what they have sent: the same sent again is done once. */
export type Attempts = Map<string, string>;

interface Meta {
  attempts?: Attempts;
}

/** Makes a data provider. */
export function makeDataProvider(options: ProviderOptions): ModelwireProvider {
  return new Provider(new Http(options), options.resources) as unknown as ModelwireProvider;
}

interface ListParams {
  pagination?: { page: number; perPage: number };
  sort?: { field: string; order: "ASC" | "DESC" };
  filter?: Filters;
  signal?: AbortSignal;
}

/** The same over requests that are made elsewhere. */
export class Provider {
  supportAbortSignal = true;
  private resources = new Map<string, ResourceDescription>();

  constructor(private http: Http, resources: ResourceDescription[]) {
    for (const resource of toPlain(resources) as ResourceDescription[]) this.resources.set(resource.name, resource);
  }

  async getList(name: string, { pagination, sort, filter, signal }: ListParams) {
    const resource = this.find(name);
    const query = writeFilters(filter ?? {}, resource);
    const most = resource.rows_at_most.page;
    const { page, perPage } = pagination ?? { page: 1, perPage: most };
    const order = writeSort(resource, sort);
    if (order) query.set("sort", order);
    const data: AdminRecord[] = [];
    const end = page * perPage;
    let total = 0;
    // A page here may have more rows than the API gives at once.
    for (let skip = end - perPage; skip < end && (skip < total || !data.length); skip += most) {
      query.set("skip", String(skip));
      query.set("limit", String(Math.min(most, end - skip)));
      const { body } = await this.http.request("GET", `${resource.path}/`, { query, signal });
      const found = body as { items: Row[]; total: unknown };
      data.push(...found.items.map((row) => toRecord(resource, row)));
      total = Number(String(found.total));
      if (!found.items.length) break;
    }
    return { data, total };
  }

  async getOne(name: string, { id, signal }: { id: Identifier; signal?: AbortSignal }): Promise<{ data: AdminRecord }> {
    const resource = this.find(name);
    if (!hasPath(resource, id) && canFind(resource)) {
      const { data } = await this.getMany(name, { ids: [id], signal });
      if (!data[0]) throw new ProblemError({ status: 404, code: "not_found", detail: `${resource.title} not found` });
      return { data: data[0] };
    }
    const query = includeLinks(resource);
    const reply = await this.http.request("GET", this.path(resource, id), { query, signal });
    return { data: readRecord(resource, this.find, reply) };
  }

  async getMany(name: string, { ids, signal }: { ids: Identifier[]; signal?: AbortSignal }): Promise<{ data: AdminRecord[] }> {
    const resource = this.find(name);
    const key = resource.key[0]!;
    if (!canFind(resource)) {
      const found = await Promise.all(ids.map((id) => this.getOne(name, { id, signal }).catch(ignoreMissing)));
      return { data: found.flatMap((each) => (each ? [each.data] : [])) };
    }
    const data: AdminRecord[] = [];
    const atOnce = Math.min(KEYS_AT_ONCE, resource.rows_at_most.page);
    for (let start = 0; start < ids.length; start += atOnce) {
      const some = ids.slice(start, start + atOnce);
      const filter = { [key]: { op: "in", value: some } };
      const pagination = { page: 1, perPage: some.length };
      data.push(...(await this.getList(name, { pagination, filter, signal })).data);
    }
    return { data };
  }

  async getManyReference(name: string, params: ListParams & { target: string; id: Identifier }) {
    const { target, id, filter, ...rest } = params;
    return this.getList(name, { ...rest, filter: { ...filter, "of the other": { field: target, op: "eq", value: id } } });
  }

  async create(name: string, { data, meta }: { data: Row; meta?: Meta }) {
    const resource = this.find(name);
    const body = this.toBody(resource, data, { isNew: true });
    const query = includeLinks(resource);
    const headers = keyOfAttempt(meta, body);
    const reply = await this.sendOnce(resource, "POST", `${resource.path}/`, { body, query, headers });
    return { data: readRecord(resource, this.find, reply) };
  }

  /** Changes the fields that differ from the previous data, if the row is still what these were read from. */
  async update(name: string, { id, data, previousData, meta }: Updating) {
    const resource = this.find(name);
    const body = this.toBody(resource, data, { previous: previousData ?? {} });
    const tag = await this.findTag(name, id, previousData);
    const headers = { ...tag, ...keyOfAttempt(meta, [id, tag, body]) };
    const query = includeLinks(resource);
    const reply = await this.sendOnce(resource, "PATCH", this.path(resource, id), { body, query, headers });
    return { data: readRecord(resource, this.find, reply) };
  }

  async updateMany(name: string, { ids, data }: { ids: Identifier[]; data: Row }) {
    const resource = this.find(name);
    const patch = this.toBody(resource, data);
    const rows = ids.map((id) => ({ ...keyFields(resource, id), ...patch }));
    await this.http.request("PATCH", `${resource.path}/bulk/`, { body: rows });
    return { data: ids };
  }

  async delete(name: string, { id, previousData }: { id: Identifier; previousData?: RaRecord }) {
    const resource = this.find(name);
    const headers = tagOf(previousData);
    await this.http.request("DELETE", this.path(resource, id), { headers });
    return { data: previousData ?? { id } };
  }

  async deleteMany(name: string, { ids }: { ids: Identifier[] }) {
    const resource = this.find(name);
    const body = ids.map((id) => keyInBody(resource, id));
    await this.http.request("DELETE", `${resource.path}/bulk/`, { body });
    return { data: ids };
  }

  async updateAll(name: string, filters: Filters, data: Row, atMost: number): Promise<number> {
    const resource = this.find(name);
    return this.changeAll("PATCH", resource, filters, atMost, this.toBody(resource, data));
  }

  async deleteAll(name: string, filters: Filters, atMost: number): Promise<number> {
    return this.changeAll("DELETE", this.find(name), filters, atMost);
  }

  async restore(name: string, id: Identifier): Promise<void> {
    await this.http.request("POST", `${this.path(this.find(name), id)}/restore`);
  }

  async history(name: string, id: Identifier, cursor?: string) {
    const query = new URLSearchParams(cursor ? { cursor } : {});
    const { body } = await this.http.request("GET", `${this.path(this.find(name), id)}/history/`, { query });
    return toPlain(body) as { items: Change[]; next: string | null };
  }

  async revert(name: string, id: Identifier, change: number): Promise<void> {
    await this.http.request("POST", `${this.path(this.find(name), id)}/history/${change}/revert`);
  }

  async aggregate(name: string, wanted: Record<string, string>, filters: Filters) {
    const resource = this.find(name);
    const query = writeFilters(filters, resource);
    query.delete("deleted");
    for (const [parameter, value] of Object.entries(wanted)) query.set(parameter, value);
    const { body } = await this.http.request("GET", `${resource.path}/aggregate`, { query });
    return toPlain(body) as { items: Group[]; more: boolean };
  }

  async exportCSV(name: string, fields: string[], filters: Filters, sort?: string): Promise<Blob> {
    const resource = this.find(name);
    const query = writeFilters(filters, resource);
    query.set("fields", fields.join(","));
    if (sort) query.set("sort", sort);
    const headers = { Accept: "text/csv" };
    return this.http.download(`${resource.path}/stream/`, { query, headers });
  }

  /** Sends a request with its key; without it to a service that may keep no keys, which has done nothing then. */
  private async sendOnce(resource: ResourceDescription, method: string, path: string, asked: Asked): Promise<Reply> {
    try {
      return await this.http.request(method, path, asked);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      const sent = asked.headers ?? {};
      if (error.status === 503 && error.message.startsWith(NO_KEYS) && "Idempotency-Key" in sent) {
        const { "Idempotency-Key": _, ...headers } = sent;
        return this.sendOnce(resource, method, path, { ...asked, headers });
      }
      throw new ProblemError(error.problem, (name) => sourceOf(resource, name));
    }
  }

  private find = (name: string): ResourceDescription => {
    const found = this.resources.get(name);
    if (!found) throw new Error(`There is no resource ${name}`);
    return found;
  };

  private path(resource: ResourceDescription, id: Identifier): string {
    if (!hasPath(resource, id)) throw new Error(`No address can have the key "${id}"; select the row in the list`);
    return `${resource.path}/${pathOfKey(resource, id)}`;
  }

  private async changeAll(
    method: string, resource: ResourceDescription, filters: Filters, atMost: number, body?: Row,
  ): Promise<number> {
    const query = writeFilters(filters, resource);
    const headers = { Prefer: `max-affected=${atMost}` };
    const reply = await this.http.request(method, `${resource.path}/`, { query, headers, body });
    return Number(String((reply.body as Row).affected));
  }

  /** The condition that the row is what a form was filled with. */
  private async findTag(name: string, id: Identifier, previous?: RaRecord): Promise<Record<string, string>> {
    if (!previous) return {};
    if (previous.$etag) return tagOf(previous);
    // It came out of a list, which has no tags: what is there now has to be the same.
    const { data } = await this.getOne(name, { id });
    const differs = Object.keys(previous).some((source) => !isSame(previous[source], data[source]));
    if (differs) throw new ProblemError({ status: 412, code: "changed", detail: "The row has changed since" });
    return tagOf(data);
  }

  /** The fields of a record as a body has them; where it is told what was there, those that differ from it. */
  private toBody(resource: ResourceDescription, data: Row, { isNew = false, previous }: BodyOptions = {}): Row {
    const body: Row = {};
    for (const [name, field] of Object.entries(resource.fields)) {
      const source = sourceOf(resource, name);
      const value = data[source];
      const isLeft = value === undefined || (previous !== undefined && isSame(value, previous[source]));
      if (field.read_only || isLeft) continue;
      // What nobody has filled in is left to the default.
      if (value === null && isNew && !field.nullable) continue;
      body[name] = readValue(resource, name, value);
    }
    for (const [name, target] of Object.entries(resource.links)) {
      const value = data[name];
      if (Array.isArray(value) && !(previous && isSame(value, previous[name]))) {
        body[name] = value.map((id) => keyInBody(this.find(target), id));
      }
    }
    return body;
  }
}

interface BodyOptions {
  isNew?: boolean;
  previous?: Row;
}

interface Updating {
  id: Identifier;
  data: Row;
  previousData?: RaRecord;
  meta?: Meta;
}

/** The header that has what a form sends again, because no answer came, done once. */
function keyOfAttempt(meta: Meta | undefined, sent: unknown): Record<string, string> {
  if (!meta?.attempts) return {};
  const text = writeJSON(sent);
  const key = meta.attempts.get(text) ?? makeKey();
  meta.attempts.set(text, key);
  return { "Idempotency-Key": key };
}

// `crypto.randomUUID` is only there where the page came by HTTPS.
const makeKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Whether rows can be found by their keys in a list. */
const canFind = ({ key, fields }: ResourceDescription): boolean => key.length === 1 && !fields[key[0]!]?.no_filters;

/** Takes a row that is not there, or not for this person, as none. */
function ignoreMissing(error: unknown): undefined {
  if (error instanceof ProblemError && error.status === 404) return undefined;
  throw error;
}

/** The condition that a row is still what a record was read from. */
function tagOf(record: RaRecord | undefined): Record<string, string> {
  return record?.$etag ? { "If-Match": String(record.$etag) } : {};
}

function readValue(resource: ResourceDescription, name: string, value: unknown): unknown {
  try {
    return toWire(resource.kinds[name]!, value);
  } catch (error) {
    if (!(error instanceof InvalidJSON)) throw error;
    throw new ProblemError({ status: 422, detail: "This is no JSON", errors: [{ pointer: `/${name}`, message: error.message }] });
  }
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

function includeLinks(resource: ResourceDescription): URLSearchParams {
  const links = Object.keys(resource.links);
  return new URLSearchParams(links.length ? { include: links.join(",") } : {});
}

function readRecord(
  resource: ResourceDescription, find: (name: string) => ResourceDescription, reply: Reply,
): AdminRecord {
  const row = reply.body as Row;
  const record = toRecord(resource, row, reply.headers.get("etag") ?? undefined);
  for (const [name, target] of Object.entries(resource.links)) {
    const linked = row[name];
    if (Array.isArray(linked)) record[name] = linked.map((each: Row) => toRecord(find(target), each).id);
  }
  return record;
}

function writeSort(resource: ResourceDescription, sort: ListParams["sort"]): string | undefined {
  const field = resource.sorts.find((name) => sourceOf(resource, name) === sort?.field);
  return field && `${sort?.order === "DESC" ? "-" : ""}${field}`;
}

/** The fields of a key, of the text that stands for all of them. */
function keyFields(resource: ResourceDescription, id: Identifier): Row {
  if (resource.key.length === 1) return { [resource.key[0]!]: keyInBody(resource, id) };
  const parts = String(id).split(",").map((part) => decodeURIComponent(part));
  return Object.fromEntries(resource.key.map((name, i) => [name, toWire(resource.kinds[name]!, parts[i])]));
}
