// Requests that are refused for a while, by a server that counts them.
import { createClient, problemOf } from "./client/client";
import { baseUrl, equal, refused } from "./check";

async function told(): Promise<{ method: string; path: string; key: string | null }[]> {
  return (await fetch(`${baseUrl}/told`)).json() as Promise<
    { method: string; path: string; key: string | null }[]
  >;
}

// A write is sent again under the key that it was sent with.
const league = createClient({ baseUrl });
equal((await league.teams.create({ name: "Twice away" })).id, 3);
const sent = await told();
equal(
  sent.map(({ method, path }) => `${method} ${path}`),
  Array(3).fill("POST /teams/"),
);
equal(new Set(sent.map(({ key }) => key)).size, 1);
equal(sent[0]?.key?.length, 32);
equal((await league.teams.create({ name: "Unknown outcome" })).id, 2);
equal((await league.teams.get(1)).id, 3);

// A delete is not, once it may have been carried out.
await told();
equal(problemOf(await refused(league.teams.delete(7)))?.code, "unknown_outcome");
equal((await told()).length, 1);

// Nor is anything for longer than is wanted, or more often.
const patient = await refused(
  createClient({ baseUrl, maxRetryAfter: 60, retries: 0 }).teams.get(9),
);
equal([problemOf(patient)?.code, problemOf(patient)?.retryAfter], ["unavailable", 40]);
equal(problemOf(await refused(league.teams.get(9)))?.code, "unavailable");
equal((await told()).length, 2);

// A connection that is lost is as good as an answer that is.
await told();
equal((await league.teams.create({ name: "Lost" })).id, 2);
await refused(league.teams.delete(8));
equal(
  (await told()).map(({ method }) => method),
  ["POST", "POST", "DELETE"],
);

// What is waited for is given up at once.
const giving = new AbortController();
const answered: typeof fetch = async (...request) => {
  const answer = await fetch(...request);
  setTimeout(() => giving.abort(new Error("given up")), 0);
  return answer;
};
const waiting = createClient({ baseUrl, maxRetryAfter: 60, fetch: answered });
equal(
  String(await refused(waiting.teams.get(9, {}, { signal: giving.signal }))),
  "Error: given up",
);

// What is no problem document is told as far as it goes.
const strange = problemOf(await refused(league.teams.get(10)));
equal([strange?.code, strange?.status, strange?.errors], ["other", 418, []]);
console.log("done");
