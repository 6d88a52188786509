// The invoices: each caller is somebody, by a token that is asked for.
import { createClient, problemOf, type Invoice } from "./client/client";
import { baseUrl, equal, refused, same, type Same } from "./check";

async function signUp(username: string) {
  const body = new URLSearchParams({ username, password: "correct horse battery" });
  await fetch(`${baseUrl}/sign-up`, { method: "POST", body });
  const answer = await fetch(`${baseUrl}/token`, { method: "POST", body });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  let asked = 0;
  return {
    client: createClient({ baseUrl, token: async () => (asked++, token) }),
    count: () => asked,
  };
}

const { client: ann, count } = await signUp("ann@example.org");
const acme = await ann.organisations.create({ name: "Acme" });
equal(count(), 1);
const customer = await ann.customers.create({ organisation_id: acme.id, name: "Bo" });
const invoice = await ann.invoices.create(
  {
    organisation_id: acme.id,
    customer_id: customer.id,
    due_on: "2026-12-31",
    lines: [{ text: "Work", quantity: 3, price: "19.99" }],
  },
  { include: ["lines", "customer"] },
);
equal(
  [invoice.number, invoice.lines.map((line) => line.price), invoice.customer?.name],
  [1, ["19.99"], "Bo"],
);
same<Same<typeof invoice.status, Invoice["status"]>>();
equal((await ann.invoices.get(invoice.id, { fields: ["total", "status"] })).total, "59.97");

// What somebody may not see is not there, and nobody is without a token.
const { client: bo } = await signUp("bo@example.org");
equal((await bo.invoices.list()).total, 0);
equal(problemOf(await refused(bo.invoices.get(invoice.id)))?.code, "not_found");
const nobody = problemOf(await refused(createClient({ baseUrl }).invoices.list()));
if (nobody?.code !== "other") throw new Error("the application refuses it itself");
equal([nobody.status, nobody.name], [401, "unauthorized"]);

/** What no program may ask for. */
export function wrong(): void {
  // @ts-expect-error the total is the server's
  void ann.invoices.update(invoice, { total: "0" });
  // @ts-expect-error an invoice is there for ever
  void ann.invoices.delete;
  // @ts-expect-error payments are not changed
  void ann.payments.update;
}
console.log("done");
