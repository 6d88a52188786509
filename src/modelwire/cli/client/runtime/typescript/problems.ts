// Problems: the reasons why a service refuses requests.

import type { Flat } from "./types.js";

/** One fault of a request, and its place: in the body, a parameter or a header. */
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
  /** The id of the request in the logs. */
  readonly requestId: string | null;
  /** Seconds after which to try again, if the service says so. */
  readonly retryAfter: number | null;
}

/** The reason why a request was refused, by `code`; `other` stands for unknown codes. */
export type ProblemOf<Codes> =
  | {
      [C in keyof Codes]: Flat<Told & { readonly code: C; readonly status: Codes[C] }>;
    }[keyof Codes]
  | Flat<Told & { readonly code: "other"; readonly status: number; readonly name: string }>;

/** A request was refused. */
export class Refused<
  Problem extends { readonly code: string; readonly detail: string },
> extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
    this.name = "Refused";
    this.problem = problem;
  }
}

export type AnyProblem = Told & {
  readonly code: string;
  readonly status: number;
  readonly name?: string;
};
