// Why a service refuses.

import type { Flat } from "./types.js";

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
