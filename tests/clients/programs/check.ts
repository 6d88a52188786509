// What programs check with: values, and at compile time types.

/** Whether two types are one. */
export type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Is compiled where two types are one. */
export function same<_Holds extends true>(): void {}

/** Check that two values are equal as JSON. */
export function equal(actual: unknown, expected: unknown): void {
  const [left, right] = [show(actual), show(expected)];
  if (left !== right) throw new Error(`${left}\nis not\n${right}`);
}

/** Check that a promise is refused; gives what it is refused with. */
export async function refused(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`was not refused: ${show(value)}`);
    },
    (error: unknown) => error,
  );
}

/** Take all of a walk. */
export async function all<T>(walk: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of walk) found.push(item);
  return found;
}

function show(value: unknown): string {
  return JSON.stringify(value, (_name, one: unknown) => {
    if (typeof one === "bigint") return `${one}n`;
    if (typeof one !== "object" || one === null || Array.isArray(one)) return one;
    return Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

declare const process: { readonly argv: readonly string[] };

/** What the program was given on its command line. */
export const [, , baseUrl = "", ...given] = process.argv;
