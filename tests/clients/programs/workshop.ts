// The workshop: names and values that are hard.
import { createClient, etagOf, problemOf, type Kind, type Part, type Slot } from "./client/client";
import { all, baseUrl, equal, refused, same, type Same } from "./check";

const workshop = createClient({ baseUrl });

// Integers beyond what a number holds are exact, and so are decimals.
const big = 9007199254740993n;
const part = await workshop.spare_parts.create({
  id: big,
  class: "bolt, M6/8",
  "unit-price": "12345678901.2345",
  copy: null,
  weight: 0.1234567890123456,
  made_on: "2026-01-31",
  seen_at: "2026-01-31T12:00:00Z",
  lasts: "PT1H30M",
  blob: "+/8=",
  notes: {
    colour: "red",
    zip: "01234",
    serial: 12345678901234567890n,
    deep: { tags: ["a", 'b"c'] },
  },
  spec: { colour: "red", size: { width: 3 } },
  slots: [{ shelf: "A, 1", number: 1 }],
});
same<Same<typeof part.id, number | bigint>>();
same<Same<(typeof part)["class"], string>>();
same<Same<typeof part.status, "new" | "in use">>();
equal(part.id, big);
equal(part["unit-price"], "12345678901.2345");
equal(part.weight, 0.1234567890123456);
equal([part.blob, part.lasts], ["+/8=", "PT1H30M"]);
equal(part.notes, {
  colour: "red",
  zip: "01234",
  serial: 12345678901234567890n,
  deep: { tags: ["a", 'b"c'] },
});
const small = await workshop.spare_parts.create({
  id: 5,
  class: "nut",
  "unit-price": 2.5,
  status: "in use",
});
equal([small.id, small["unit-price"]], [5, "2.5000"]);
equal((await workshop.spare_parts.get(big)).class, part.class);
equal((await workshop.spare_parts.update(part, { limit: 3 })).limit, 3);

// Filters by each kind of value.
const find = async (query: Parameters<typeof workshop.spare_parts.list>[0]) =>
  (await workshop.spare_parts.list(query)).items.map((row) => row.class);
const bolt = [part.class];
equal(await find({ where: { id: big } }), bolt);
equal(await find({ or: [{ id: big }, { id: 6 }] }), bolt);
equal(await find({ where: { id__in: [big, 6n], default: false } }), bolt);
equal(await find({ where: { "unit-price__gt": "12345678901.2344" } }), bolt);
equal(await find({ where: { limit__eq: 3, class: part.class } }), bolt);
equal(
  await find({ where: { status__in: ["new"], made_on__between: ["2026-01-01", "2026-02-01"] } }),
  bolt,
);
equal(await find({ where: { blob: "+/8=", lasts__gte: "PT1H" } }), bolt);
equal(await find({ where: { class__in: ["bolt, M6/8"] } }), bolt);
equal(await find({ where: { "spec.size.width__gt": 2, "spec.colour": "red" } }), bolt);
// A text is a text in a document of which nothing is known.
equal(await find({ where: { notes: { zip: "01234" } } }), bolt);
equal(await find({ where: { notes: { zip: 1234 } } }), []);
equal(await find({ where: { notes: { zip__in: ["01234", "x"], "deep.tags.1": 'b"c' } } }), bolt);
equal(
  await find({ or: [{ notes: { zip: "01234" } }], not: [{ notes: { colour: "blue" } }] }),
  bolt,
);
equal(await find({ where: { slots: { part: { class: "bolt, M6/8" } } } }), bolt);

// Parts of documents alone.
const seen = await workshop.spare_parts.get(part, {
  fields: ["id", "spec.size.width"],
  include: [],
});
equal(seen, { id: big, spec: { size: { width: 3 } } });
same<
  Same<
    typeof seen.spec,
    { colour?: string | null; size?: { width?: number; unit?: string } | null } | null
  >
>();

// Keys of several columns, one of them a text with what URLs have a use for.
const [slot] = await workshop.slots.createMany([
  { shelf: "B/2, left", number: 7, part_id: 5 },
  { shelf: "bulk", number: 1 },
]);
if (slot === undefined) throw new Error("it was stored");
same<Same<typeof slot, { [K in keyof Slot]: Slot[K] }>>();
const key = { shelf: "B/2, left", number: 7 };
const whole = await workshop.slots.get(key, { include: ["part", "part.kind"] });
same<
  Same<
    (typeof whole)["part"],
    | ({ [K in keyof Part]: Part[K] } & { kind: Kind | null } extends infer T
        ? { [K in keyof T]: T[K] }
        : never)
    | null
  >
>();
equal([whole.part?.class, whole.part?.kind], ["nut", null]);
await workshop.slots.update(whole, { part_id: null });
equal(
  (await workshop.slots.createMany([{ ...key, part_id: big }], { onConflict: "shelf,number" }))[0]
    ?.part_id,
  big,
);

// What is deleted softly comes back.
await workshop.slots.delete(key);
equal(problemOf(await refused(workshop.slots.get(key)))?.code, "not_found");
equal(
  (await workshop.slots.list({ deleted: "only" })).items.map((row) => row.shelf),
  ["B/2, left"],
);
equal((await workshop.slots.restore(key)).deleted_at, null);
await workshop.slots.deleteMany([key, { shelf: "bulk", number: 1 }]);
equal((await workshop.slots.list()).total, 1);

// Rows that refer to their like, and links.
const root = await workshop.kinds.create({
  name: "Root",
  children: [{ name: "A" }, { name: "B", children: [{ name: "C" }] }],
});
const tree = await workshop.kinds.get(root, { include: ["children", "children.children"] });
equal(
  tree.children.map((child) => [child.name, child.children.map((leaf) => leaf.name)]),
  [
    ["A", []],
    ["B", ["C"]],
  ],
);
equal(
  (await all(workshop.kinds.each({ where: { parent: { parent: { name: "Root" } } } }))).map(
    (kind) => kind.name,
  ),
  ["C"],
);
const maker = await workshop.makers.create({ name: "Acme", parts: [big] });
equal(
  (await workshop.makers.get(maker, { include: ["parts"] })).parts.map((each) => each.id),
  [big],
);
await workshop.spare_parts.link(5, "makers", maker);
await workshop.spare_parts.link(5, "makers", maker.id);
equal(
  (await workshop.makers.below(maker, "parts").list({ sort: ["id"] })).items.map((each) => each.id),
  [5, big],
);
await workshop.spare_parts.unlink(5, "makers", maker);
equal((await workshop.spare_parts.get(5, { include: ["makers"] })).makers, []);
const sums = await workshop.spare_parts.aggregate({
  measures: ["id:sum", "unit-price:sum"],
  group: ["made_on:year"],
});
equal(sums.items[0], {
  "made_on:year": "2026-01-01",
  "id:sum": big,
  "unit-price:sum": "12345678901.2345",
});

// A condition is needed, and rows that were read have it.
const page = await workshop.memos.list({ sort: ["id"] });
const memo = await workshop.memos.create({ text: "One" });
const rest = await workshop.memos.list({ sort: ["id"] });
equal([memo.rev, rest.total], [1, 1]);
const listed = rest.items[0];
if (listed === undefined) throw new Error("it is listed");
equal(etagOf(listed), undefined);
equal(
  problemOf(await refused(workshop.memos.update(listed, { text: "Two" })))?.code,
  "precondition_required",
);
const changed = await workshop.memos.update(memo, { text: "Two" });
equal(
  [changed.rev, problemOf(await refused(workshop.memos.update(memo, { text: "Three" })))?.status],
  [2, 412],
);

// What has become of rows, and what had.
const told: unknown[] = [];
for await (const change of workshop.memos.follow({ after: page.change ?? 0 })) {
  told.push(
    change.operation === "delete"
      ? [change.operation, change.key]
      : [change.operation, change.item.text],
  );
  if (told.length === 2) await workshop.memos.delete(changed);
  if (told.length === 3) break;
}
equal(told, [
  ["create", "One"],
  ["update", "Two"],
  ["delete", memo.id],
]);
const past = await workshop.memos.history(memo.id);
same<
  Same<
    (typeof past.items)[number]["changed"]["text"],
    { old: string | null; new: string | null } | undefined
  >
>();
equal(
  past.items.map((change) => change.changed.text),
  [
    { old: "Two", new: null },
    { old: "One", new: "Two" },
    { old: null, new: "One" },
  ],
);
const number = past.items[0]?.number ?? 0;
equal((await workshop.memos.revert(memo.id, number)).text, "Two");

// What a promise has would be taken for one.
const pick = await workshop.then_.create({ list: "x", int: 1 });
equal((await workshop.then_.list({ where: { list: "x", int__gte: 1 } })).items, [pick]);

/** What no program may ask for. */
export function wrong(): void {
  // @ts-expect-error there are two columns
  void workshop.slots.get("A");
  // @ts-expect-error there is no such member
  void workshop.spare_parts.list({ where: { status: "old" } });
  // @ts-expect-error a column of that name is compared by its operators
  void workshop.spare_parts.list({ where: { limit: 3 } });
  // @ts-expect-error many memos can't be created at once
  void workshop.memos.createMany;
  // @ts-expect-error nothing was deleted softly there
  void workshop.memos.list({ deleted: "only" });
  // @ts-expect-error it may be a bigint
  const id: number = part.id;
  void id;
}
console.log("done");
