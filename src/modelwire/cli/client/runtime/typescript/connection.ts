// Connection to a service, with retries of requests that are safe to repeat.

import { encode, parse } from "./json.js";
import { comparison, search, type Comparison, type Parameters } from "./parameters.js";
import { Refused, type AnyProblem, type Fault } from "./problems.js";
import type { Call, Resource } from "./types.js";

export interface Options {
  /** The address of the service, such as `https://api.example.com`. */
  readonly baseUrl: string;
  /** The bearer token of the caller, or a function that returns it before each request. */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>);
  /** Whether cookies are sent to other origins. */
  readonly credentials?: RequestCredentials;
  readonly headers?: Readonly<Record<string, string>>;
  /** The number of retries of a request that is safe to repeat; 3 by default. */
  readonly retries?: number;
  /** The longest pause before a retry, in seconds; 30 by default. */
  readonly maxRetryAfter?: number;
  readonly fetch?: typeof fetch;
}

export interface Sent {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly path: string;
  readonly parameters?: Parameters;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether it may be repeated even if it may have been carried out. */
  readonly repeats?: boolean;
  readonly call: Call;
}

const FIRST_PAUSE = 0.2;

export class Connection {
  private readonly resources: Readonly<Record<string, Resource>>;
  private readonly codes: Readonly<Record<string, readonly number[]>>;
  private readonly options: Options;

  constructor(
    resources: Readonly<Record<string, Resource>>,
    codes: Readonly<Record<string, readonly number[]>>,
    options: Options,
  ) {
    this.resources = resources;
    this.codes = codes;
    this.options = options;
  }

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
      if (typeof value !== "object" || value === null || Array.isArray(value))
        return [comparison(name, value)];
      if (!resource.documents.includes(below)) {
        return this.filters(this.find(resource.through, below), value, isStrict, `${name}.`);
      }
      return Object.entries(value).map(([path, operand]) =>
        comparison(`${name}.${path}`, operand, true),
      );
    });
  }

  /** Send a request, and return the whole response. */
  send(sent: Sent): Promise<Answer> {
    return this.repeat(sent, async (response) => ({
      headers: response.headers,
      text: await response.text(),
    }));
  }

  /** Send a request whose response is read as it arrives. */
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
      if (problem !== undefined && !mayRepeat(problem, sent.repeats === true))
        throw new Refused(problem);
      if (problem !== undefined && (count >= retries || pause > maxRetryAfter))
        throw new Refused(problem);
      await sleep(pause, sent.call.signal);
    }
  }

  private async attempt<T>(
    sent: Sent,
    take: (response: Response) => Promise<T>,
  ): Promise<Outcome<T>> {
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
    const isProblem =
      answer.headers.get("content-type")?.startsWith("application/problem+json") === true;
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

export interface Answer {
  readonly headers: Headers;
  readonly text: string;
}

/** The outcome of one attempt to send a request; without a response if the connection was lost. */
type Outcome<T> = { readonly taken: T } | { readonly problem?: AnyProblem };

interface WireProblem {
  code?: string;
  title?: string;
  detail?: string;
  errors?: Fault[];
  more_errors?: number;
}

function mayRepeat(problem: AnyProblem, isSafe: boolean): boolean {
  // `unavailable` says that nothing was done; other responses leave that open.
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
