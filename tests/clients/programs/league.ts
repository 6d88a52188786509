// The league: what is asked for, and what it is typed as.
import { createClient, etagOf, problemOf, type Player, type Team } from "./client/client";
import { all, baseUrl, equal, refused, same, type Same } from "./check";

const league = createClient({ baseUrl });

const [red, blue] = await league.teams.createMany([
  { name: "Red", city: "Oslo" },
  { name: "Blue, the" },
]);
if (red === undefined || blue === undefined) throw new Error("two rows were stored");
const names = ["Ann", "Ben", "Cid", "Dan", "Eve"];
await league.players.createMany(
  names.map((name, i) => ({ name, team_id: (i < 3 ? red : blue).id })),
);

// Pages by position and by cursor, and walks, have rows of one type.
const page = await league.players.list({ sort: ["-name"], limit: 2, include: ["team"] });
same<
  Same<
    (typeof page.items)[number],
    Player & { team: Team | null } extends infer T ? { [K in keyof T]: T[K] } : never
  >
>();
equal(
  page.items.map((player) => `${player.name} of ${player.team?.name}`),
  ["Eve of Blue, the", "Dan of Blue, the"],
);
equal(page.total, 5);
const first = await league.players.page({ limit: 3, fields: ["name"], sort: ["name"] });
same<Same<(typeof first.items)[number], { name: string }>>();
equal(first.items, [{ name: "Ann" }, { name: "Ben" }, { name: "Cid" }]);
const second = await league.players.page({
  cursor: first.next ?? "",
  limit: 3,
  fields: ["name"],
  sort: ["name"],
});
equal([second.items, second.next], [[{ name: "Dan" }, { name: "Eve" }], null]);
for (const limit of [1, 2, 5, 6]) {
  const seen = await all(league.players.each({ limit, sort: ["name"] }));
  equal(
    seen.map((player) => player.name),
    names,
  );
}
equal((await all(league.players.stream({ fields: ["name"], sort: ["name"] }))).length, 5);
for await (const player of league.players.each({ limit: 2 })) {
  equal(player.name, "Ann");
  break;
}

// Filters: own, through relations, lists whose values have commas, and logic.
const found = async (query: Parameters<typeof league.players.list>[0]) =>
  (await league.players.list({ ...query, sort: ["name"] })).items.map((player) => player.name);
equal(await found({ where: { name__in: ["Ann", "Eve"], team: { name: "Red" } } }), ["Ann"]);
equal(await found({ where: { team: { name__in: ["Blue, the"] } } }), ["Dan", "Eve"]);
equal(await found({ where: { team: { players: { name: "Dan" } } } }), ["Dan", "Eve"]);
equal(await found({ or: [{ name: 'A"(,):' }, { name__icontains: "E", team_id: blue.id }] }), [
  "Eve",
]);
equal(
  await found({ or: [{ id__lt: 3 }, { id__gt: 4 }], not: [{ name: "Ann" }, { name: "Eve" }] }),
  ["Ben"],
);
equal(await found({ not: [{ id__between: [1, 4] }] }), ["Eve"]);
equal(await found({ q: "an", where: { position__isnull: true } }), ["Ann", "Dan"]);
const many = Array.from({ length: 150 }, (_, i) => `${i}`.padStart(60, "x"));
equal(await found({ where: { name__in: [...many, "Ann"] } }), ["Ann"]); // too long for a URL
equal(
  String(await refused(found({ where: { id__in: [] } }))),
  "TypeError: id__in: an empty list matches nothing",
);

// One row, and what it includes by default.
const team = await league.teams.get(red.id);
same<Same<typeof team, { id: number; name: string; city: string | null; players: Player[] }>>();
equal(team.players.length, 3);
const alone = await league.teams.get(red, { include: [] });
same<Same<typeof alone, { id: number; name: string; city: string | null }>>();
equal("players" in alone, false);

// A row carries its tag, and a change sends it.
const mine = await league.teams.get(red.id, { include: [] });
equal(etagOf(mine) === undefined, false);
const yours = await league.teams.update(mine, { city: null });
equal(yours.city, null);
const conflict = problemOf(await refused(league.teams.update(mine, { city: "Bergen" })));
if (conflict?.code !== "changed") throw new Error("the row has changed");
same<Same<typeof conflict.status, 412>>();
equal((await league.teams.update(mine, { city: "Bergen" }, { ifMatch: false })).city, "Bergen");
equal(problemOf(await refused(league.teams.delete(yours)))?.code, "changed");
equal(
  (await league.teams.update(red.id, { city: "Oslo" }, { include: ["players"] })).players.length,
  3,
);

// Problems are told apart by their codes.
const invalid = problemOf(await refused(league.players.create({ name: "", team_id: 1 })));
if (invalid?.code !== "invalid") throw new Error("it is not valid");
equal(
  invalid.errors.map((fault) => [fault.pointer, fault.code]),
  [["/name", "string_too_short"]],
);
equal(invalid.requestId === null, false);
const taken = problemOf(await refused(league.teams.create({ name: "Red" })));
equal([taken?.code, taken?.status, taken?.errors[0]?.pointer], ["already_exists", 400, "/name"]);
equal(problemOf(await refused(league.players.get(99)))?.code, "not_found");
equal(problemOf(new Error("another one")), undefined);

// Below a row, a new one need not name that.
const zoe = await league.teams.below(blue, "players").create({ name: "Zoe" });
equal(zoe.team_id, blue.id);
equal((await league.teams.below(blue, "players").list({ where: { name: "Zoe" } })).total, 1);

// Many rows.
const merged = await league.teams.createMany([{ name: "Red", city: "Bodø" }], {
  onConflict: "name",
});
equal(
  merged.map((row) => [row.id, row.city]),
  [[red.id, "Bodø"]],
);
const kept = await league.teams.createMany([{ name: "Red", city: "Narvik" }], {
  onConflict: "name",
  keep: true,
});
equal(kept[0]?.city, "Bodø");
equal(
  (await league.players.updateMany([{ id: zoe.id, position: "goal" }])).map((row) => row.position),
  ["goal"],
);
equal(
  await league.players.updateMatching(
    { where: { team_id: red.id } },
    { position: "wing" },
    { maxAffected: 3 },
  ),
  3,
);
const tooMany = league.players.deleteMatching({ where: { id__gt: 0 } }, { maxAffected: 1 });
equal(problemOf(await refused(tooMany))?.code, "too_many_affected");
const position: string | undefined = undefined;
const loosely = { where: { position, id__gt: 0 } };
// @ts-expect-error a condition that is undefined would be none
const loose = league.players.deleteMatching(loosely, { maxAffected: 99 });
equal(String(await refused(loose)), "TypeError: position: undefined would be no condition");
equal(
  await league.players.deleteMatching({ where: { name: "Zoe" } }, { maxAffected: 1, dryRun: true }),
  1,
);
await league.players.deleteMany([zoe]);
equal((await league.players.list()).total, 5);

// Sums, by what they are asked for.
const sums = await league.players.aggregate({
  group: ["team.name"],
  measures: ["count", "id:max"],
  having: { count__gte: 3 },
  sort: ["-count"],
});
same<
  Same<
    (typeof sums.items)[number],
    { "team.name": string | null; count: number; "id:max": number | null }
  >
>();
equal(sums.items, [{ "team.name": "Red", count: 3, "id:max": 3 }]);
equal((await league.players.aggregate()).items, [{ count: 5 }]);

// A call is given up.
const given = new AbortController();
given.abort();
equal(
  ((await refused(league.players.list({}, { signal: given.signal }))) as Error).name,
  "AbortError",
);

/** What no program may ask for. */
export function wrong(): void {
  // @ts-expect-error an integer is compared with integers
  void league.players.list({ where: { id__in: ["x"] } });
  // @ts-expect-error an integer contains nothing
  void league.players.list({ where: { id__icontains: "x" } });
  // @ts-expect-error there is no such field
  void league.players.list({ where: { team: { nope: 1 } } });
  // @ts-expect-error a list is sorted by what its rows have
  void league.players.list({ sort: ["nope"] });
  // @ts-expect-error there is no such relation
  void league.players.list({ include: ["teams"] });
  // @ts-expect-error there is no such field to show
  void league.players.list({ fields: ["nope"] });
  // @ts-expect-error the name is needed
  void league.players.create({ team_id: 1 });
  // @ts-expect-error a key makes itself
  void league.players.create({ id: 1, name: "x", team_id: 1 });
  // @ts-expect-error a name is never null
  void league.players.update(1, { name: null });
  // @ts-expect-error a field that is not asked for is not there
  void league.players.list({ fields: ["name"] }).then((wanted) => wanted.items[0]?.id);
  // @ts-expect-error nor is a relation
  void league.players.list().then((wanted) => wanted.items[0]?.team);
  // @ts-expect-error users have nothing below them
  void league.users.below;
}
console.log("done");
