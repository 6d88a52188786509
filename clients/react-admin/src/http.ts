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
}

/** What the API has refused. Its `body.errors` are messages by the sources of a form's inputs. */
export class ProblemError extends HttpError {
  problem: Problem;

  constructor(problem: Problem) {
    // A proxy may give neither.
    const message = problem.detail || problem.title || `The answer was ${problem.status}`;
    super(message, problem.status, { errors: errorsByField(problem) });
    // The base class makes each error one of its own.
    Object.setPrototypeOf(this, ProblemError.prototype);
    this.problem = problem;
  }
}

/** No answer has come, or only a part of one. */
export class ConnectionError extends Error {}

function errorsByField(problem: Problem): Record<string, unknown> | undefined {
  const errors: Record<string, unknown> = {};
  for (const { pointer, message } of problem.errors ?? []) {
    // In a body of several rows the number of the row comes first.
    const name = pointer?.split("/").find((part) => part && !/^\d+$/.test(part));
    if (name) errors[name.replaceAll("~1", "/").replaceAll("~0", "~")] ??= message;
  }
  if (!Object.keys(errors).length) return undefined;
  return { ...errors, root: { serverError: problem.detail ?? "This can't be stored as it is" } };
}

export class Http {
  private credentials: Credentials;
  private signingIn: Promise<Credentials | undefined> | undefined;

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
    const response = await this.fetch(method, path, asked);
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

  /** Forgets who asks. */
  signOut(): void {
    this.credentials = {};
  }

  private async askAgain(): Promise<boolean> {
    this.signingIn ??= this.options.signIn?.().finally(() => (this.signingIn = undefined));
    const given = await this.signingIn;
    if (given) this.credentials = given;
    return given !== undefined;
  }

  private fetch(method: string, path: string, { query, body, headers, signal }: Asked): Promise<Response> {
    const search = query?.size ? `?${query}` : "";
    const content: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
    const answer = fetch(`${this.options.url}${path}${search}`, {
      method,
      headers: { Accept: "application/json", ...content, ...this.credentials, ...headers },
      body: body === undefined ? undefined : writeJSON(body),
      signal,
    });
    return reach(method, signal, answer);
  }
}

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
