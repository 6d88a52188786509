// Requests to the API: who asks, and what is refused.
import { HttpError } from "ra-core";
import { parseJSON, toPlain, writeJSON } from "./values";

export interface Problem {
  status: number;
  code?: string;
  detail?: string;
  title?: string;
  errors?: { pointer?: string; parameter?: string; code?: string; message: string }[];
}

export interface Reply {
  status: number;
  headers: Headers;
  /** The body, with its numbers as they were written. */
  body: unknown;
}

export interface Asked {
  query?: URLSearchParams;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Headers that say who asks. */
export type Credentials = Record<string, string>;

export interface HttpOptions {
  /** What stands before every path, such as `https://api.example.com`. */
  url: string;
  /** The headers to begin with. */
  credentials?: Credentials;
  /** Asks for other headers when the API has answered 401; undefined if nobody gives any. */
  signIn?: () => Promise<Credentials | undefined>;
  /** The path that tells callers apart; without it, all who ask are taken as one. */
  whoPath?: string;
  /** Told that somebody else asks than before, by these headers. What waits for answers waits for ever then. */
  onOther?: (given: Credentials) => void;
}

/** What stands for a caller; null where the API knows nobody. */
type Who = string | null;

/** What the API has refused. Its `body.errors` are messages by the sources of a form's inputs. */
export class ProblemError extends HttpError {
  problem: Problem;

  constructor(problem: Problem, toSource = (name: string) => name) {
    // A proxy may give neither.
    const message = problem.detail || problem.title || `The answer was ${problem.status}`;
    super(message, problem.status, { errors: errorsByField(problem, toSource) });
    // The base class makes each error one of its own.
    Object.setPrototypeOf(this, ProblemError.prototype);
    this.problem = problem;
  }
}

/** No answer has come, or only a part of one. */
export class ConnectionError extends Error {}

function errorsByField(problem: Problem, toSource: (name: string) => string): Record<string, unknown> | undefined {
  const errors = Object.create(null) as Record<string, unknown>;
  for (const { pointer, message } of problem.errors ?? []) {
    // In a body of several rows the number of the row comes first.
    const name = pointer?.split("/").find((part) => part && !/^\d+$/.test(part));
    if (name) errors[toSource(name.replaceAll("~1", "/").replaceAll("~0", "~"))] ??= message;
  }
  if (!Object.keys(errors).length) return undefined;
  return { ...errors, root: { serverError: problem.detail ?? "This can't be stored as it is" } };
}

export class Http {
  private credentials: Credentials;
  private signingIn: Promise<Credentials | undefined> | undefined;
  private checking: Promise<Response | undefined> | undefined;
  private who: Who | undefined;

  constructor(private options: HttpOptions) {
    this.credentials = options.credentials ?? {};
  }

  /** Asks for some JSON; throws a `ProblemError` for what is refused. */
  async request(method: string, path: string, asked: Asked = {}): Promise<Reply> {
    const response = await this.send(method, path, asked);
    const text = await reach(method, asked.signal, response.text());
    const isJSON = /[/+]json/.test(response.headers.get("content-type") ?? "");
    if (!isJSON && response.status !== 204) {
      throw new ProblemError({ status: response.status, detail: "Something else than the API has answered" });
    }
    const body = isJSON && text ? parseJSON(text) : null;
    return { status: response.status, headers: response.headers, body };
  }

  /** Asks for anything; throws a `ProblemError` for what is refused. */
  async send(method: string, path: string, asked: Asked = {}): Promise<Response> {
    const used = this.credentials;
    const response = await this.fetchAsBefore(method, path, asked);
    if (response.status === 401 && (used !== this.credentials || (await this.askAgain()))) {
      return this.send(method, path, asked);
    }
    if (response.ok) return response;
    throw new ProblemError(await readProblem(method, response));
  }

  /** Asks for a file. */
  async download(path: string, asked: Asked): Promise<Blob> {
    const response = await this.send("GET", path, asked);
    return reach("GET", asked.signal, response.blob());
  }

  /** Remembers who asks. */
  remember(who: Who): void {
    this.who = who;
  }

  /** Finds out whether it is still the same who asks, where the browser says that by cookies or the like. */
  async check(): Promise<void> {
    if (!this.isAmbient) return;
    const refused = await this.askWho();
    if (refused?.status === 401 && (await this.askAgain())) await this.check();
  }

  /**
   * Finds out whom headers stand for, before anything else is sent with them.
   *
   * Throws what the API refuses. If it is somebody else than before, nothing follows.
   */
  async admit(given: Credentials): Promise<void> {
    const { whoPath, onOther } = this.options;
    if (whoPath === undefined) return;
    const response = await this.fetch("GET", whoPath, {}, given);
    if (!response.ok) throw new ProblemError(await readProblem("GET", response));
    const who = await readWho(response);
    const isSame = who === this.who && (who !== null || isSameHeaders(given, this.credentials));
    if (this.who === undefined || isSame) return;
    onOther?.(given);
    await NEVER;
  }

  private get isAmbient(): boolean {
    return typeof this.who === "string" && !Object.keys(this.credentials).length;
  }

  /** What is read was read by the same as before, and what is written is written by the same. */
  private async fetchAsBefore(method: string, path: string, asked: Asked): Promise<Response> {
    if (!this.isAmbient) return this.fetch(method, path, asked);
    if (method !== "GET") return (await this.askWho()) ?? this.fetch(method, path, asked);
    const [answer, refused] = await Promise.all([this.fetch(method, path, asked), this.askWho()]);
    return refused ?? answer;
  }

  /** Asks who asks, once for all requests that are sent at the same time; a refusal of that is returned. */
  private async askWho(): Promise<Response | undefined> {
    const { whoPath, onOther } = this.options;
    if (whoPath === undefined) return undefined;
    this.checking ??= Promise.resolve().then(async () => {
      this.checking = undefined;
      const response = await this.fetch("GET", whoPath, {});
      if (!response.ok) return response;
      if ((await readWho(response)) === this.who) return undefined;
      onOther?.(this.credentials);
      return NEVER;
    });
    return (await this.checking)?.clone();
  }

  private async askAgain(): Promise<boolean> {
    this.signingIn ??= this.options.signIn?.().finally(() => (this.signingIn = undefined));
    const given = await this.signingIn;
    if (given) this.credentials = given;
    return given !== undefined;
  }

  private fetch(
    method: string, path: string, { query, body, headers, signal }: Asked, credentials = this.credentials,
  ): Promise<Response> {
    const search = query?.size ? `?${query}` : "";
    const content: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
    const answer = fetch(`${this.options.url}${path}${search}`, {
      method,
      headers: { Accept: "application/json", ...content, ...credentials, ...headers },
      body: body === undefined ? undefined : writeJSON(body),
      signal,
    });
    return reach(method, signal, answer);
  }
}

const NEVER = new Promise<never>(() => undefined);

async function readWho(response: Response): Promise<Who> {
  const { caller } = (await reach("GET", undefined, response.json())) as { caller: Who };
  return caller;
}

const isSameHeaders = (one: Credentials, other: Credentials): boolean => JSON.stringify(one) === JSON.stringify(other);

/** What comes over the connection; where it breaks, what that means for the person who has asked. */
async function reach<T>(method: string, signal: AbortSignal | undefined, coming: Promise<T>): Promise<T> {
  try {
    return await coming;
  } catch (error) {
    if (signal?.aborted) throw error;
    const lost = "The connection was lost before the answer was here";
    throw new ConnectionError(
      method === "GET" ? `${lost}: try again` : `${lost}: it is not known whether this was done`,
      { cause: error },
    );
  }
}

async function readProblem(method: string, response: Response): Promise<Problem> {
  const text = await reach(method, undefined, response.text());
  try {
    return { ...(toPlain(parseJSON(text)) as Problem), status: response.status };
  } catch {
    return { status: response.status, title: response.statusText };
  }
}
